package bridge

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// watchInterval is how often a socket that is not read is looked at: one system call, and soon enough for a handler that
// works so long that its client's queue has filled.
const watchInterval = 500 * time.Millisecond

// awaitRoom blocks while c's mailbox is full. Afterwards c may be silent for as long as ever: it was not heard meanwhile.
func (c *client) awaitRoom() error {
	if !c.events.ready(func() { c.watch(c.conn.NetConn()) }) {
		return nil
	}
	return c.alive()
}

// watch notices that c has hung up while nothing is read from it. Nothing can be sent to it any more, as handlers then learn.
// What it has sent before is still read, and its close event comes behind that.
func (c *client) watch(conn net.Conn) {
	if hungUp(conn) {
		c.unreachable()
	}
}

// wrapper is a connection around another one.
type wrapper interface{ NetConn() net.Conn }

// kernels returns the connection of the kernel's that conn is around.
func kernels(conn net.Conn) net.Conn {
	for w, ok := conn.(wrapper); ok; w, ok = conn.(wrapper) {
		conn = w.NetConn()
	}
	return conn
}

// cut ends a connection at once. TLS would say goodbye first, and wait for whoever does not read.
func cut(conn net.Conn) { kernels(conn).Close() }

// hungUp reports whether the other side has ended a connection of the kernel's, or this one has, whether or not there is
// something unread. An end behind more than the socket's buffer holds is not there yet.
func hungUp(conn net.Conn) (ended bool) {
	c, ok := kernels(conn).(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return true
	}
	err = raw.Control(func(fd uintptr) {
		fds := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}} // and POLLHUP and POLLERR, always
		n, err := unix.Poll(fds[:], 0)
		ended = err == nil && n > 0
	})
	return ended || err != nil
}
