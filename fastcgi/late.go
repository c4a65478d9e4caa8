package fastcgi

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// endMargin is how long php-fpm may take to end a worker when request_terminate_timeout is over: it looks about once a second.
const endMargin = 4 * time.Second

// hangupStep is how often awaitHangup looks.
const hangupStep = 10 * time.Millisecond

// keyWaited is a log attribute: for how long an end was waited for.
const keyWaited = "waited"

// isLate reports whether the time of an exchange is over.
func isLate(ctx context.Context, err error) bool {
	failed, ok := err.(*transportError) //nolint:errorlint // an error of apply may wrap one
	return ok && errors.Is(failed.err, os.ErrDeadlineExceeded) && ctx.Err() == nil
}

// lastBegin returns protocol.Event.Until of an exchange: php-fpm runs a request also after its connection was closed, if that was in the
// backlog. It is 0 if PHP may run on a machine with another clock, or there is no time limit.
func (c *conn) lastBegin() int64 {
	if !c.local || c.deadline.IsZero() {
		return 0
	}
	return c.deadline.UnixMilli()
}

// awaitRelease blocks until the worker has ended a script that has ended its answer before, or the exchange's time is over: the handler must
// not run on beside another event. The worker then waits for the next request, and closes a connection that will bring none.
func (c *conn) awaitRelease() {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		_, _ = io.Copy(io.Discard, c.reader)
	}
}

// awaitHangup blocks until the worker of a shared request whose time is over has ended, or for that long at most. The connection was shut for
// reading, so that only poll(2) tells.
func (c *conn) awaitHangup(ctx context.Context, most time.Duration) {
	if c.timeout == nil {
		return
	}
	for ends := time.Now().Add(most); time.Now().Before(ends) && ctx.Err() == nil && c.poll()&unix.POLLHUP == 0 && !c.orphaned.Load(); {
		time.Sleep(hangupStep)
	}
}

// awaitEnd blocks until the worker of an exchange whose time is over has ended, so that no other event runs beside it. PHP's own time limit
// ends a loop, and tells the line, which becomes the failure of the event. What else comes is too late. php-fpm ends the rest: it counts
// from when it has accepted the connection, see phpfpm.Config.
func (c *Client) awaitEnd(ctx context.Context, k *conn, late *transportError) error {
	if k.isUnread() { // the request lies in the backlog, and PHP will find that it is too late
		return explain(ctx, late, c.cfg.Timeout)
	}
	most := c.cfg.IdleTimeout + endMargin
	c.pool.bound(k, most)
	k.setReadDeadline(ctx, time.Now().Add(most))
	k.sink.late = true
	var err error
	if late.between {
		_, err = readAnswer(k.reader, &k.sink)
	}
	if !late.between || err != nil && !isLate(ctx, err) {
		_, err = io.Copy(io.Discard, k.reader) // what makes no sense any more, up to the end
	}
	if errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() == nil {
		c.cfg.Logger.Warn("php-fpm has not ended the worker of an event whose time is over: it may run on", keyWaited, most)
	}
	if k.sink.order.unfinished() == nil {
		return nil // the failure has come
	}
	return explain(ctx, late, c.cfg.Timeout)
}
