package fastcgi

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
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
	raw      syscall.RawConn
	reader   *bufio.Reader
	request  request
	exchange exchange
	used     bool // it has served an exchange

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
		return newConn(nc)
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
	c := &conn{Conn: nc, raw: raw, reader: bufio.NewReaderSize(nc, readBuffer), expired: make(chan struct{}, 1)}
	c.expire = func() {
		c.SetDeadline(time.Unix(1, 0)) // it fails only on a closed socket, whose I/O fails anyway
		c.expired <- struct{}{}
	}
	return c, nil
}

// arm bounds all I/O by timeout and by ctx. The caller calls disarm once; it reports whether the connection is still
// fit for use, and does not return before everything that arm started has ended.
func (c *conn) arm(ctx context.Context, timeout time.Duration) (disarm func() bool) {
	if err := c.SetDeadline(time.Now().Add(timeout)); err != nil {
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
func (c *conn) quiet() bool {
	if c.reader.Buffered() > 0 {
		return false
	}
	quiet := false
	err := c.raw.Control(func(fd uintptr) {
		fds := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN | unix.POLLRDHUP}}
		n, err := unix.Poll(fds[:], 0)
		quiet = n == 0 && err == nil
	})
	return err == nil && quiet
}

// send writes the request. An unsentError says that not one byte of it was taken, for another reason than time.
func (c *conn) send() error {
	n, err := c.request.writeTo(c.Conn)
	c.request.release()
	switch {
	case err == nil:
		return nil
	case n == 0 && !errors.Is(err, os.ErrDeadlineExceeded):
		return &unsentError{err}
	}
	return &transportError{err}
}

// unsentError says that a request can be sent elsewhere.
type unsentError struct{ err error }

func (e *unsentError) Error() string { return e.err.Error() }
func (e *unsentError) Unwrap() error { return e.err }
