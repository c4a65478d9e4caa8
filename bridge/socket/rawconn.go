package socket

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// rawConn is the kernel's socket below a connection. The zero value has none.
type rawConn struct {
	raw    syscall.RawConn
	direct bool // the socket gets what is written to the connection as it is
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
	controlErr := c.raw.Control(func(fd uintptr) {
		n, err = unix.Write(int(fd), b)
		for err == unix.EINTR {
			n, err = unix.Write(int(fd), b)
		}
	})
	switch {
	case controlErr != nil:
		return 0, controlErr
	case err == unix.EAGAIN:
		return 0, nil
	case err != nil:
		return 0, err
	}
	return n, nil
}

// cut ends the connection in both directions, so that reads and writes that wait return.
func (c rawConn) cut() {
	if c.raw != nil {
		_ = c.raw.Control(func(fd uintptr) { _ = unix.Shutdown(int(fd), unix.SHUT_RDWR) }) // if it fails, the end was there before
	}
}
