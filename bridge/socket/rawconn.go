package socket

import (
	"crypto/tls"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// rawConn is the kernel's socket below a connection. The zero value has none.
type rawConn struct {
	raw    syscall.RawConn
	direct bool // the socket gets what is written to the connection as it is
}

// newRawConn looks for the socket below conn. Connections around another one have a NetConn method, as tls.Conn does; all but TLS
// leave alone what is written.
func newRawConn(conn net.Conn) rawConn {
	direct := true
	for {
		if c, ok := conn.(syscall.Conn); ok {
			raw, err := c.SyscallConn()
			return rawConn{raw, direct && err == nil}
		}
		if _, isTLS := conn.(interface{ ConnectionState() tls.ConnectionState }); isTLS {
			direct = false
		}
		wrapper, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			return rawConn{}
		}
		conn = wrapper.NetConn()
	}
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
