package fastcgi

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wsbridge/wsbridge/protocol"
)

// readBuffer holds two of php-fpm's own output buffers.
const readBuffer = 16 << 10

// conn is a connection to php-fpm and, while it is open, one of its workers. One exchange at a time owns it.
type conn struct {
	net.Conn
	raw       syscall.RawConn
	reader    *bufio.Reader
	request   request
	sink      eventSink
	local     bool // a unix socket: our kernel tells how the other side has ended
	announces bool // its worker announces requests, see unread
	accepted  bool // a worker has served an exchange on it

	deadline time.Time // of the exchange; written under the pool's mu

	expire  func()        // makes all I/O fail at once; bound once, for context.AfterFunc
	expired chan struct{} // receives when expire has run

	// owned by the pool
	idleSince time.Time
}

// dial connects. Its errors wrap protocol.ErrUnavailable or ErrOverloaded, or are ctx's cause if that was cancelled.
func dial(ctx context.Context, cfg *Config) (*conn, error) {
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
	socket, ok := nc.(syscall.Conn)
	if !ok {
		return nil, fmt.Errorf("%w: %T has no file descriptor", protocol.ErrUnavailable, nc)
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		nc.Close()
		return nil, fmt.Errorf("%w: %w", protocol.ErrUnavailable, err)
	}
	c := &conn{Conn: nc, raw: raw, expired: make(chan struct{}, 1)}
	_, c.local = nc.(*net.UnixConn)
	c.reader = bufio.NewReaderSize(c.source(), readBuffer)
	c.expire = func() {
		c.SetDeadline(time.Unix(1, 0)) // it fails only on a closed socket, whose I/O fails anyway
		c.expired <- struct{}{}
	}
	return c, nil
}

// source is where answers are read from.
func (c *conn) source() io.Reader {
	if c.local {
		return c.Conn
	}
	return &quickAckReader{c}
}

// quickAckReader acknowledges at once what it reads. php-fpm leaves Nagle's algorithm on, so that each effect but an answer's
// first waits for the acknowledgement of the one before, and our kernel may delay that by 40 ms (tcp(7), TCP_QUICKACK).
type quickAckReader struct{ c *conn }

func (r *quickAckReader) Read(p []byte) (int, error) {
	n, err := r.c.Conn.Read(p)
	_ = r.c.raw.Control(func(fd uintptr) { // without it the answer is late, and whole
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1)
	})
	return n, err
}

// arm bounds all I/O by the deadline and by ctx. The caller calls disarm once; it reports whether the connection is still
// fit for use, and does not return before everything that arm started has ended.
func (c *conn) arm(ctx context.Context) (disarm func() bool) {
	if err := c.SetDeadline(c.deadline); err != nil {
		return func() bool { return false } // closed: the first write fails
	}
	if ctx.Done() == nil {
		return func() bool { return true }
	}
	stop := context.AfterFunc(ctx, c.expire)
	return func() bool {
		if stop() {
			return true
		}
		<-c.expired
		return false
	}
}

// quiet reports whether php-fpm has neither closed the connection nor written to it unasked. It does not block.
func (c *conn) quiet() bool { return c.reader.Buffered() == 0 && c.poll() == 0 }

// poll returns what is to be seen of the other side, of POLLIN, POLLRDHUP, POLLHUP and POLLERR. It does not block.
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
