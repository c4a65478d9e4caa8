package socket

import (
	"crypto/tls"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// eager is a socket of the kernel's, as it is written without waiting for it. It belongs to the outbox's writer.
type eager struct {
	raw    syscall.RawConn // nil: there is something before the kernel, such as TLS
	on     bool            // nothing that is written waits
	unsent []byte          // what the socket did not take of that
}

// newEager looks below those connections that leave alone what is written.
func newEager(conn net.Conn) (e eager) {
	for at := conn; ; {
		if _, isTLS := at.(interface{ ConnectionState() tls.ConnectionState }); isTLS {
			return e
		}
		w, ok := at.(wrapper)
		if !ok {
			break
		}
		at = w.NetConn()
	}
	if kernels, ok := kernels(conn).(*net.TCPConn); ok {
		e.raw, _ = kernels.SyscallConn() // nil with an error: it is closed, as the next write will tell
	}
	return e
}

// write takes all of b, which must not change any more: what the socket does not take at once stays in unsent.
func (e *eager) write(b []byte) (int, error) {
	var sent int
	var failed error
	err := e.raw.Control(func(fd uintptr) { // raw.Write would hold a deadline that has passed against it
		for {
			sent, failed = unix.Write(int(fd), b)
			if failed != unix.EINTR {
				return
			}
		}
	})
	if failed == unix.EAGAIN {
		sent, failed = 0, nil
	}
	if err == nil {
		err = failed
	}
	if err != nil {
		return 0, err
	}
	e.unsent = b[sent:]
	return len(b), nil
}

// Write is the connection's own, unless it must not wait, or keeps the handshake's answer.
func (g *guard) Write(b []byte) (int, error) {
	switch {
	case g.eager.on:
		return g.eager.write(b)
	case g.holds:
		g.answer = append(g.answer, b...)
		return len(b), nil
	}
	return g.Conn.Write(b)
}

// SetWriteDeadline spares the runtime a timer where nothing waits.
func (g *guard) SetWriteDeadline(t time.Time) error {
	if g.eager.on {
		return nil
	}
	return g.Conn.SetWriteDeadline(t)
}
