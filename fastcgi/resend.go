package fastcgi

import (
	"context"
	"errors"
	"io"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// unreadRequestError says that php-fpm has not read the request as a whole, so that no handler has run and it can be sent again.
type unreadRequestError struct{ err error }

func (e *unreadRequestError) Error() string { return e.err.Error() }
func (e *unreadRequestError) Unwrap() error { return e.err }

// send writes the request. If that fails for another reason than time, the end of the body is not written, without which the
// PHP half runs nothing.
func (c *conn) send() error {
	_, err := c.request.writeTo(c.Conn)
	c.request.release()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &transportError{err}
	}
	return &unreadRequestError{err}
}

// await waits for the first byte of the answer. While no worker accepts the connection it calls spare every now and then.
func (c *conn) await(ctx context.Context, spare func()) error {
	err := c.awaitWorker(ctx, spare)
	switch {
	case err == nil:
		return nil
	case c.wasUnread(err):
		return &unreadRequestError{err}
	}
	return &transportError{err}
}

// workerWait is how long a new connection waits for a worker, or its first handler for something to say, before an idle one
// gives way.
const workerWait = 100 * time.Millisecond

// awaitWorker waits for the first byte. A new connection may lie in php-fpm's backlog: with pm = dynamic and ondemand there
// can be fewer workers than connections for a while, and those that hold idle ones accept nobody.
func (c *conn) awaitWorker(ctx context.Context, spare func()) error {
	for !c.accepted && time.Until(c.deadline) > workerWait {
		c.setReadDeadline(ctx, time.Now().Add(workerWait))
		_, err := c.reader.Peek(1)
		c.setReadDeadline(ctx, c.deadline)
		if !errors.Is(err, os.ErrDeadlineExceeded) || ctx.Err() != nil {
			return err // and not asked for twice: a socket tells of a reset once
		}
		spare()
	}
	_, err := c.reader.Peek(1)
	return err
}

// setReadDeadline changes the deadline that arm has set, unless ctx has ended.
func (c *conn) setReadDeadline(ctx context.Context, t time.Time) {
	_ = c.SetReadDeadline(t) // it fails only on a closed socket, whose I/O fails anyway
	if ctx.Err() != nil {
		_ = c.SetReadDeadline(time.Unix(1, 0)) // expire may have come before
	}
}

// unread reports whether err, met before the first byte of the answer, proves that the request was not read as a whole. See
// the package documentation.
func (c *conn) wasUnread(err error) bool {
	ended := errors.Is(err, io.EOF)
	reset := errors.Is(err, syscall.ECONNRESET)
	if !c.local {
		return c.announces && (ended || reset)
	}
	return !c.request.endStdin && (reset || ended && c.poll()&unix.POLLHUP == 0)
}
