package fastcgi

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wsbridge/wsbridge/fastcgi/exits"
	"github.com/wsbridge/wsbridge/protocol"
)

// readBuffer holds two of php-fpm's output buffers.
const readBuffer = 16 << 10

// conn is a connection to php-fpm and, while it is open, to one of its workers. One exchange at a time owns it.
type conn struct {
	*socket
	reader  *bufio.Reader
	request request
	sink    eventSink

	local     bool // a unix socket, where our kernel tells how the other side has ended
	announces bool // its worker announces requests, see wasUnread
	served    bool // a worker has served an exchange on it

	asked    bool         // its worker has said what process it is
	worker   *exits.Watch // of that; nil: it is not visible
	orphaned atomic.Bool  // the worker has ended, and something else keeps its side open, see orphan

	drains  bool  // at the deadline, see drainingReader
	timeout error // of the deadline, after which no more can be read; nil: it has not passed

	interrupter interrupter
	deadline    time.Time // of the exchange, or zero; written under the pool's mu
	idleSince   time.Time // guarded by the pool's mu
}

// dial connects. Its errors wrap protocol.ErrUnavailable or ErrOverloaded, or ctx's cause if that was cancelled.
func dial(ctx context.Context, cfg *Config) (*conn, error) {
	if err := cfg.refused(); err != nil {
		return nil, err
	}
	dialer := net.Dialer{Timeout: cfg.DialTimeout}
	nc, err := dialer.DialContext(ctx, cfg.Network, cfg.Address)
	switch {
	case err == nil:
		c, err := newConn(nc)
		if err == nil {
			c.request.endStdin = cfg.EndStdin
		}
		return c, err
	case errors.Is(ctx.Err(), context.Canceled):
		return nil, fmt.Errorf("dial php-fpm: %w", context.Cause(ctx))
	case errors.Is(err, syscall.EAGAIN): // the socket's backlog is full: connect(2), listen.backlog
		return nil, fmt.Errorf("%w: %w", protocol.ErrOverloaded, err)
	}
	return nil, fmt.Errorf("%w: %w", protocol.ErrUnavailable, err)
}

func newConn(nc net.Conn) (*conn, error) {
	s, err := newSocket(nc)
	if err != nil {
		nc.Close()
		return nil, fmt.Errorf("%w: %w", protocol.ErrUnavailable, err)
	}
	c := &conn{socket: s}
	_, c.local = nc.(*net.UnixConn)
	c.reader = bufio.NewReaderSize(c.source(), readBuffer)
	c.interrupter.interrupt = c.interrupt
	return c, nil
}

// source is where answers are read from.
func (c *conn) source() io.Reader {
	if c.local {
		return &drainingReader{c}
	}
	return &quickAckReader{c}
}

// quickAckReader acknowledges at once what it reads. php-fpm leaves Nagle's algorithm on, so each effect of an answer after the
// first waits for the acknowledgement of the one before, which our kernel may delay by 40 ms (tcp(7), TCP_QUICKACK).
type quickAckReader struct{ c *conn }

func (r *quickAckReader) Read(p []byte) (int, error) {
	n, err := r.c.Read(p)
	_ = r.c.raw.Control(func(fd uintptr) { // if it fails the answer is late, but whole
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1)
	})
	return n, err
}

// Close closes the connection and waits until nothing that it has started runs.
func (c *conn) Close() error {
	c.interrupter.unbind()
	c.worker.Stop()
	return c.Conn.Close()
}

// arm bounds the I/O of an exchange by the deadline and by ctx, to which interrupter has to be bound.
func (c *conn) arm(ctx context.Context) {
	_ = c.SetDeadline(c.deadline) // it fails only on a closed socket, whose I/O fails anyway
	if ctx.Err() != nil {
		c.interrupt() // it may have ended before the deadline was set
	}
}

// interrupt makes all I/O fail at once.
func (c *conn) interrupt() { _ = c.SetDeadline(time.Unix(1, 0)) }

// isOpen reports whether php-fpm has neither closed the connection nor written to it unasked. It does not block.
func (c *conn) isOpen() bool { return c.reader.Buffered() == 0 && c.poll() == 0 }

// isUsable reports whether a request may be written. Over a unix socket it makes no system call: if php-fpm has closed its side, the
// request is known as unread and sent again.
func (c *conn) isUsable() bool {
	if c.tellsUnread() {
		return c.reader.Buffered() == 0 && !c.orphaned.Load()
	}
	return c.isOpen()
}

// isUnread reports whether the kernel knows that some of a request has not been read yet (unix(7), SIOCOUTQ): no handler has run then.
func (c *conn) isUnread() (unread bool) {
	if !c.local {
		return false
	}
	_ = c.raw.Control(func(fd uintptr) { // it fails on a closed socket
		n, err := unix.IoctlGetInt(int(fd), unix.SIOCOUTQ)
		unread = err == nil && n > 0
	})
	return unread
}

// poll returns what there is to see of the other side, of POLLIN, POLLRDHUP, POLLHUP and POLLERR. It does not block.
func (c *conn) poll() (seen int16) {
	seen = unix.POLLERR | unix.POLLHUP
	_ = c.raw.Control(func(fd uintptr) { // it fails on a closed socket
		fds := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN | unix.POLLRDHUP}}
		if _, err := unix.Poll(fds[:], 0); err == nil {
			seen = fds[0].Revents
		}
	})
	return seen
}
