package resident

import (
	"errors"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// unread is what a worker has left unread of what it was sent, as far as that is known.
type unread struct {
	some bool
	all  bool // of the writes that the events without an end have come in
}

// severalWrites is sent.size of an event that took more than one.
const severalWrites = -1

// maxWhole is the size, in bytes, of a write that is read whole or not at all: the kernel keeps it in one piece (unix_stream_sendmsg: up to 32 KB
// at least), and Resident::CHUNK is larger.
const maxWhole = 16 << 10

// look asks the kernel what the worker, which has ended with err, has left unread of these events. The end of a connection with unread data is
// ECONNRESET (unix(7)). If something else keeps the other side open, a program that a handler has left in the background, the data is still
// there. Nobody may write any more.
func (w *worker) look(err error, unended []*sent) unread {
	if errors.Is(err, syscall.ECONNRESET) {
		return unread{some: true}
	}
	raw, rawErr := w.conn.SyscallConn()
	if rawErr != nil || !w.process.hasEnded() {
		return unread{}
	}
	var left int
	_ = raw.Control(func(fd uintptr) { left = outQueue(int(fd)) }) // it fails on a closed socket
	return unread{some: left > 0, all: left > 0 && left == queued(writes(unended))}
}

// outQueue returns the memory that the kernel keeps for what the other side has not read (SIOCOUTQ); 0: there is nothing, or it is not known. A
// piece counts until it is read whole.
func outQueue(fd int) int {
	n, err := unix.IoctlGetInt(fd, unix.SIOCOUTQ)
	if err != nil {
		return 0
	}
	return n
}

// writes returns the sizes of the writes that these events have come in; nil: they are not known, or the first event is not the first of a
// write that was read whole or not at all.
func writes(events []*sent) (sizes []int) {
	for i, s := range events {
		switch {
		case !s.written:
		case s.size == severalWrites, i == 0 && (s.size == 0 || s.size > maxWhole):
			return nil
		case s.size > 0:
			sizes = append(sizes, s.size)
		}
	}
	return sizes
}

// queued returns the memory that the kernel keeps for writes of these sizes that nobody reads, which depends on the kernel: it is tried. 0: it is
// not known.
func queued(sizes []int) int {
	if len(sizes) == 0 {
		return 0
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0
	}
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])
	zeros := make([]byte, slices.Max(sizes))
	for _, size := range sizes {
		if n, err := unix.Write(pair[0], zeros[:size]); n != size || err != nil {
			return 0 // it was not one write then
		}
	}
	return outQueue(pair[0])
}
