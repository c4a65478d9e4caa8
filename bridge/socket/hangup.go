package socket

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

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

// HungUp reports whether the other side has ended a connection of the kernel's, or this one has, whether or not there is
// something unread. An end behind more than the socket's buffer holds is not there yet.
func HungUp(conn net.Conn) (ended bool) {
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
