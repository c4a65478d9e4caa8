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

// unreadRequestError says that php-fpm has not read the request as a whole, so that no handler has run and it can be sent
// again.
type unreadRequestError struct{ err error }

func (e *unreadRequestError) Error() string { return e.err.Error() }
func (e *unreadRequestError) Unwrap() error { return e.err }

// send writes the request. If it fails for another reason than time, the end of the body was not written, and without that
// the PHP half runs nothing.
func (c *conn) send() error {
	w := io.Writer(c.socket)
	if c.request.isLarge() {
		w = c.Conn
	}
	_, err := c.request.writeTo(w)
	c.request.release()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &transportError{err: err}
	}
	return &unreadRequestError{err}
}

// await waits for the first byte of the answer. While no worker accepts the connection it calls freeWorker now and then.
func (c *conn) await(ctx context.Context, freeWorker func()) error {
	err := c.awaitFirstByte(ctx, freeWorker)
	switch {
	case err == nil:
		return nil
	case c.wasUnread(err):
		return &unreadRequestError{err}
	}
	return &transportError{err, true}
}

// workerWait is how long a new connection waits for a worker, or for the first effect of a handler, before it has an idle
// connection closed.
const workerWait = 100 * time.Millisecond

// awaitFirstByte waits in steps on a new connection, which may lie in php-fpm's backlog: with pm = dynamic and ondemand there
// can be fewer workers than connections for a while, and a worker that holds an idle connection accepts no other.
func (c *conn) awaitFirstByte(ctx context.Context, freeWorker func()) error {
	for !c.served && (c.deadline.IsZero() || time.Until(c.deadline) > workerWait) {
		c.setReadDeadline(ctx, time.Now().Add(workerWait))
		_, err := c.reader.Peek(1)
		c.setReadDeadline(ctx, c.deadline)
		if !errors.Is(err, os.ErrDeadlineExceeded) || ctx.Err() != nil {
			return err // and do not read again: a socket reports a reset once
		}
		freeWorker()
	}
	_, err := c.reader.Peek(1)
	return err
}

// setReadDeadline changes the deadline that arm has set, unless ctx has ended.
func (c *conn) setReadDeadline(ctx context.Context, t time.Time) {
	_ = c.SetReadDeadline(t) // it fails only on a closed socket, whose I/O fails anyway
	if ctx.Err() != nil {
		c.interrupt() // it may have ended before the deadline was set
	}
}

// wasUnread reports whether err, met before the first byte of the answer, proves that the request was not read as a whole. See
// the package documentation.
func (c *conn) wasUnread(err error) bool {
	ended := errors.Is(err, io.EOF)
	reset := errors.Is(err, syscall.ECONNRESET)
	if c.orphaned.Load() {
		return c.isUnread() // by now nobody reads
	}
	if c.tellsUnread() {
		return reset || ended && c.poll()&unix.POLLHUP == 0
	}
	return c.announces && (ended || reset)
}

// tellsUnread reports whether the kernel tells an unread request from a read one.
func (c *conn) tellsUnread() bool { return c.local && !c.request.endStdin }
