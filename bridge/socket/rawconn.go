package socket

import (
	"net"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// rawConn is the kernel's socket below a connection. The zero value has none.
type rawConn struct {
	raw    syscall.RawConn
	direct bool // the socket gets what is written to the connection as it is
}

// directWrite is one call of write. They are used again, since to make one for each call costs two allocations.
type directWrite struct {
	buf   []byte
	n     int
	errno syscall.Errno
	call  func(fd uintptr) // the method write, bound once
}

var directWrites = sync.Pool{New: func() any {
	w := &directWrite{}
	w.call = w.write
	return w
}}

// write makes a system call that Go's runtime does not know of, which is correct since it never blocks on a non-blocking socket. Otherwise
// the runtime would give the processor away if the call lasts 20 µs, and to get one back costs more than that.
func (w *directWrite) write(fd uintptr) {
	for w.errno = syscall.EINTR; w.errno == syscall.EINTR; {
		n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, fd, uintptr(unsafe.Pointer(unsafe.SliceData(w.buf))), uintptr(len(w.buf)))
		w.n, w.errno = int(n), errno
	}
}

func newRawConn(conn net.Conn) rawConn {
	l, isDirect := lowest(conn)
	kernels, ok := l.(syscall.Conn)
	if !ok {
		return rawConn{}
	}
	raw, err := kernels.SyscallConn()
	return rawConn{raw, isDirect && err == nil}
}

// write writes as much of b as the socket takes without waiting. It heeds no deadline: raw.Write would fail after one has passed.
func (c rawConn) write(b []byte) (n int, err error) {
	w := directWrites.Get().(*directWrite)
	w.buf = b
	err = c.raw.Control(w.call)
	n, errno := w.n, w.errno
	w.buf = nil
	directWrites.Put(w)
	switch {
	case err != nil:
		return 0, err
	case errno == syscall.EAGAIN:
		return 0, nil
	case errno != 0:
		return 0, errno
	}
	return n, nil
}

// cut ends the connection in both directions, so that reads and writes that wait return.
func (c rawConn) cut() {
	if c.raw != nil {
		_ = c.raw.Control(func(fd uintptr) { _ = unix.Shutdown(int(fd), unix.SHUT_RDWR) }) // if it fails, the end was there before
	}
}
