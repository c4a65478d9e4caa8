package fastcgi

import (
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"unsafe"
)

// socket reads and writes by system calls that Go's runtime does not know of. This is correct because a call on a non-blocking
// socket never blocks. The runtime expects any call that it knows of to block: if one lasts 20 µs, which is common on a busy
// machine, it gives the processor to another thread, and to get one back costs more than the call.
//
// One goroutine at a time may read or write. Deadlines and Close work as in any net.Conn.
type socket struct {
	net.Conn
	raw      syscall.RawConn
	tryRead  func(fd uintptr) (done bool) // the methods, bound once
	tryWrite func(fd uintptr) (done bool)

	// of the current call
	buf   []byte // to read into, or left to be written
	n     int    // bytes read
	errno syscall.Errno
}

func newSocket(c net.Conn) (*socket, error) {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return nil, fmt.Errorf("%T has no file descriptor", c)
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil, err
	}
	s := &socket{Conn: c, raw: raw}
	s.tryRead, s.tryWrite = s.readOnce, s.writeAll
	return s, nil
}

// Read is a net.Conn's.
func (s *socket) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	s.buf = p
	err := s.raw.Read(s.tryRead)
	s.buf = nil
	switch {
	case err != nil:
		return 0, err
	case s.errno != 0:
		return 0, s.failed("read")
	case s.n == 0:
		return 0, io.EOF
	}
	return s.n, nil
}

// Write is a net.Conn's.
func (s *socket) Write(p []byte) (int, error) {
	s.buf = p
	err := s.raw.Write(s.tryWrite)
	written := len(p) - len(s.buf)
	s.buf = nil
	if err == nil && s.errno != 0 {
		err = s.failed("write")
	}
	return written, err
}

// readOnce reads what has arrived. If nothing has, the runtime calls it again when something does.
func (s *socket) readOnce(fd uintptr) (done bool) {
	s.n, s.errno = rawSyscall(syscall.SYS_READ, fd, s.buf)
	return s.errno != syscall.EAGAIN
}

// writeAll writes what is left. If the socket is full, the runtime calls it again when it is not.
func (s *socket) writeAll(fd uintptr) (done bool) {
	for s.errno = 0; s.errno == 0 && len(s.buf) > 0; {
		var n int
		n, s.errno = rawSyscall(syscall.SYS_WRITE, fd, s.buf)
		s.buf = s.buf[n:]
	}
	return s.errno != syscall.EAGAIN
}

// rawSyscall reads or writes p, which must not be empty.
func rawSyscall(call, fd uintptr, p []byte) (n int, errno syscall.Errno) {
	done, _, errno := syscall.RawSyscall(call, fd, uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
	if errno != 0 {
		return 0, errno
	}
	return int(done), 0
}

// failed returns the error that package net would.
func (s *socket) failed(op string) error {
	local := s.LocalAddr()
	return &net.OpError{Op: op, Net: local.Network(), Source: local, Addr: s.RemoteAddr(), Err: os.NewSyscallError(op, s.errno)}
}
