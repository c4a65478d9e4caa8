package fastcgi

import (
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// unreadError says that php-fpm has not read the request as a whole, so that no handler has run and it can be sent again.
type unreadError struct{ err error }

func (e *unreadError) Error() string { return e.err.Error() }
func (e *unreadError) Unwrap() error { return e.err }

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
	return &unreadError{err}
}

// await waits for the first byte of the answer.
func (c *conn) await() error {
	_, err := c.reader.Peek(1)
	switch {
	case err == nil:
		return nil
	case c.unread(err):
		return &unreadError{err}
	}
	return &transportError{err}
}

// unread reports whether err, met before the first byte of the answer, proves that the request was not read as a whole. See
// the package documentation.
func (c *conn) unread(err error) bool {
	ended := errors.Is(err, io.EOF)
	reset := errors.Is(err, syscall.ECONNRESET)
	if !c.local {
		return c.announce && (ended || reset)
	}
	return reset || ended && c.poll()&unix.POLLHUP == 0
}
