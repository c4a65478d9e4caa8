package door

import (
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Conn is a connection that has come in. It has a slot of the Limiter until it is closed. One goroutine reads at a time; Receive and
// CheckHandshake are for the goroutine that serves the request; all other methods may be called concurrently.
type Conn struct {
	net.Conn // as accepted
	listener *Listener
	kernel   syscall.RawConn // nil: the connection is not the kernel's
	tls      *tls.Conn       // the layer above; nil: none
	slot     *slot
	deadline time.Time    // of everything that is read; zero once the header of a request has been read
	header   *proxyHeader // nil: the connection begins with none
	early    atomic.Bool  // it counts in the listener's early
}

func newConn(accepted net.Conn, l *Listener, slot *slot, deadline time.Time) *Conn {
	c := &Conn{Conn: accepted, listener: l, kernel: kernelOf(accepted), slot: slot, deadline: deadline}
	c.early.Store(true)
	l.early.Add(1)
	_ = accepted.SetReadDeadline(deadline) // it fails only on a connection that has been closed, as the first read will tell
	return c
}

// kernelOf returns the kernel's handle of a connection, or nil if it has none.
func kernelOf(conn net.Conn) (kernel syscall.RawConn) {
	if kernels, ok := conn.(syscall.Conn); ok {
		kernel, _ = kernels.SyscallConn() // it fails only on a connection that has been closed
	}
	return kernel
}

// Of returns the Conn that conn is, or that is the lowest layer of conn by its NetConn methods. It returns nil for other connections.
func Of(conn net.Conn) *Conn {
	for {
		switch layer := conn.(type) {
		case *Conn:
			return layer
		case interface{ NetConn() net.Conn }:
			conn = layer.NetConn()
		default:
			return nil
		}
	}
}

// Read first does what Identify does.
func (c *Conn) Read(p []byte) (int, error) {
	if err := c.Identify(); err != nil {
		return 0, err
	}
	if c.header != nil && len(c.header.rest) > 0 {
		return c.header.read(p), nil
	}
	return c.Conn.Read(p)
}

// RemoteAddr returns the client's address. It blocks as Identify does.
func (c *Conn) RemoteAddr() net.Addr {
	if c.Identify() == nil && c.header != nil && c.header.source != nil {
		return c.header.source
	}
	return c.Conn.RemoteAddr()
}

// assign counts the slot for the client at addr. Trusted proxies do not count, since they come for many clients.
func (c *Conn) assign(addr netip.Addr) error {
	if c.listener.cfg.Policy().Proxies.Trust(addr) {
		addr = netip.Addr{}
	}
	return c.slot.assign(addr, time.Now())
}

// SetReadDeadline sets no deadline after the handshake's: net/http counts each of its own from a start of its own.
func (c *Conn) SetReadDeadline(t time.Time) error {
	if !c.deadline.IsZero() && (t.IsZero() || t.After(c.deadline)) {
		t = c.deadline
	}
	return c.Conn.SetReadDeadline(t)
}

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// CloseWrite ends what is written.
func (c *Conn) CloseWrite() error { return closeWrite(c.Conn) }

func closeWrite(conn net.Conn) error {
	half, ok := conn.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	return half.CloseWrite()
}

// endEarly is called when a request has come, or none will.
func (c *Conn) endEarly() {
	if c.early.Swap(false) {
		c.listener.early.Add(-1)
	}
}

// Close gives the slot back and closes the connection at once. A *tls.Conn over c says goodbye before it calls this.
func (c *Conn) Close() error {
	c.endEarly()
	c.slot.release()
	return c.Conn.Close()
}

// SyscallConn returns the kernel's handle, which was taken at accept. Bytes written to it bypass the layers over c, such as TLS.
func (c *Conn) SyscallConn() (syscall.RawConn, error) {
	if c.kernel == nil {
		return nil, errors.ErrUnsupported
	}
	return c.kernel, nil
}

// HungUp reports whether the client has ended the connection, or Close has, even if something it sent has not been read. It never
// blocks. An end after more bytes than the socket's buffer holds is not seen yet.
func (c *Conn) HungUp() (ended bool) {
	if c.kernel == nil {
		return false
	}
	err := c.kernel.Control(func(fd uintptr) {
		fds := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}} // POLLHUP and POLLERR are always asked for
		n, err := unix.Poll(fds[:], 0)
		ended = err == nil && n > 0
	})
	return ended || err != nil
}
