package fifo

import (
	"encoding/binary"
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// unknown is a number of writers that cannot be told.
const unknown = -1

// writerCount tells by inotify(7) how many writers have come to the pipe. The pipe itself does not: it joins what they write.
type writerCount struct {
	fd int // unknown: there is no inotify
	writerTally
}

// countWriters counts those that open the pipe at path from now on. Without inotify, of which a user has a limited number, they are
// unknown.
func countWriters(path string) *writerCount {
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		return &writerCount{fd: unknown}
	}
	// The kernel joins equal events that follow each other. So closing is asked for, too: it keeps writers apart.
	const mask = unix.IN_OPEN | unix.IN_MODIFY | unix.IN_CLOSE
	if _, err := unix.InotifyAddWatch(fd, path, mask); err != nil {
		unix.Close(fd)
		return &writerCount{fd: unknown}
	}
	return &writerCount{fd: fd}
}

// look counts what has happened.
func (c *writerCount) look() {
	if c == nil || c.fd == unknown {
		return
	}
	var events [64 * unix.SizeofInotifyEvent]byte
	for {
		n, err := unix.Read(c.fd, events[:])
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil || n <= 0:
			return
		default:
			c.add(events[:n])
		}
	}
}

// settleTime is how long a writer has that has opened the pipe and not written, as far as is known: on a busy machine it may stand between
// its write and the event of it.
const settleTime = 5 * time.Millisecond

// next is called after a read, with a look before it, and returns how many writers have come since the last call, or unknown. empty tells
// whether the pipe is. It may count one too many. Writers that open the pipe at the same moment and then write at the same moment count
// as one. It blocks for [settleTime] at most.
func (c *writerCount) next(empty func() bool) int {
	if c == nil || c.fd == unknown {
		return unknown
	}
	before := c.wrote
	c.settle(time.Now().Add(settleTime))
	return c.take(before, empty())
}

// late returns how many writers have come since the last call of next, after a read of nothing: they wrote what was read before.
func (c *writerCount) late() int {
	if c == nil || c.fd == unknown {
		return unknown
	}
	return c.takeLate()
}

// settle looks until those that have opened the pipe since the last call have written or left, or until the deadline.
func (c *writerCount) settle(deadline time.Time) {
	for c.look(); c.waiting() > 0; c.look() {
		left := max(0, time.Until(deadline).Milliseconds()) // negative would be without end
		if n, err := unix.Poll([]unix.PollFd{{Fd: int32(c.fd), Events: unix.POLLIN}}, int(left)); left <= 0 || n == 0 && err == nil {
			return
		}
	}
}

func (c *writerCount) close() {
	if c.fd != unknown {
		unix.Close(c.fd)
	}
}

// writerTally counts writers in events.
type writerTally struct {
	opened int    // writers that have not written, as far as is known
	wrote  int    // writers since the last take that have
	fresh  int    // those of them that have opened the pipe since the last take
	early  int    // writers of what was read before the event of their write came
	owed   int    // writers of which it is unknown whether they wrote what was read last or what will be read next
	last   uint32 // the mask of the last event
	lost   bool   // there were more events than the kernel keeps
}

// add counts events of a watched file, which have no name after them.
func (t *writerTally) add(events []byte) {
	for ; len(events) >= unix.SizeofInotifyEvent; events = events[unix.SizeofInotifyEvent:] {
		const maskAt = 4
		mask := binary.NativeEndian.Uint32(events[maskAt:])
		switch {
		case mask&unix.IN_Q_OVERFLOW != 0:
			t.lost = true
		case mask&unix.IN_OPEN != 0:
			t.opened++
			t.fresh++
		case mask&unix.IN_CLOSE != 0 && t.last&unix.IN_OPEN != 0: // it was no writer
			t.opened = max(0, t.opened-1)
		case mask&unix.IN_MODIFY == 0:
		case t.early > 0:
			t.early--
		case t.opened > 0:
			t.opened--
			t.fresh = max(0, t.fresh-1)
			t.wrote++
		case t.wrote > 0 && t.last&unix.IN_CLOSE_WRITE != 0: // that one opened the pipe at the same moment as the one before
			t.wrote++
		}
		t.last = mask
	}
}

// waiting is how many writers have opened the pipe since the last take and not written, as far as is known.
func (t *writerTally) waiting() int { return min(t.opened, t.fresh) }

// take ends what next tells of. before is how many had written before the read; empty tells that all that have written are read. If not,
// the last of them is not, or not wholly.
func (t *writerTally) take(before int, empty bool) (n int) {
	n = t.owed + t.wrote
	low := before // so many have certainly written what was read
	if t.owed == 0 {
		low = max(before, 1)
	}
	t.owed = 0
	if !empty && t.wrote > low {
		t.owed = t.wrote - low
		n = max(low, n-1)
	}
	switch {
	case t.lost:
		n = unknown
	case n == 0 && t.opened > 0:
		t.opened--
		t.early++
		n = 1
	}
	if n == 1 && t.waiting() > 0 {
		n = 2
	}
	t.wrote, t.fresh, t.lost = 0, 0, false
	return n
}

func (t *writerTally) takeLate() (n int) {
	n = t.wrote
	if t.lost {
		n = unknown
	}
	t.wrote, t.owed = 0, 0
	return n
}
