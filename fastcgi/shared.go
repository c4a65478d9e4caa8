package fastcgi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wsbridge/wsbridge/protocol"
)

// SharesRequests reports whether Run takes several events of different clients. It does only where it can tell which of them have begun if one
// of them ends PHP: on a unix socket of php-fpm's own. Without a time limit none waits behind another, since that may take as long as it likes.
func (c *Client) SharesRequests() bool {
	return c.cfg.Network == "unix" && !c.cfg.EndStdin && c.cfg.Timeout > 0
}

// addMeta adds to all events but the first what PHP needs to know of their clients. The first event's parameters are those of the request.
func (c *Client) addMeta(events []*protocol.Event) {
	for _, e := range events[1:] {
		if e.Parameters {
			e.Meta = c.meta(e.Environment)
		}
	}
}

// meta returns the CGI meta-variables of an Event's Environment, by name.
func (c *Client) meta(environment []byte) protocol.Encoded {
	if environment == nil {
		environment = c.server
	}
	const perPair = 16 // bytes that serialize() writes around a name and a value, about
	text, n := make([]byte, 0, len(environment)+64*perPair), 0
	for name, value := range pairs(environment) {
		text = protocol.AppendText(text, name, value)
		n++
	}
	var meta protocol.Encoded
	meta.Add(n, text, protocol.Traits{})
	return meta
}

// share prepares k for a request that carries several events. Each has the whole Config.Timeout from the end of the one before.
func (c *Client) share(ctx context.Context, k *conn) {
	k.drains = c.SharesRequests()
	k.sink.onEnd = func() {
		const often = 100 * time.Millisecond // a deadline is a timer
		if c.cfg.Timeout > 0 && time.Until(k.deadline) < c.cfg.Timeout-often && k.timeout == nil {
			c.pool.restart(k)
			k.arm(ctx)
		}
	}
}

// skipRest fails the events of a request that have not begun, and never will, after one that has ended the request by err. PHP does not begin an
// event before the last line of the one before is written, nor if that cannot be, nor after it has ended the answer. So those do not begin of
// which nothing can be read any more.
func (s *eventSink) skipRest(k *conn, err error) error {
	rest := s.order.after()
	if len(rest) == 0 || !k.tellsUnread() || !isEnd(k, err) {
		return err
	}
	missing := s.order.unfinished().Seq
	for _, e := range rest {
		message := fmt.Sprintf("not run: event %d, before it in the request, did not end", missing)
		skipped := &protocol.Effect{Seq: e.Seq, Failed: &protocol.Failure{Kind: protocol.FailedSkipped, Message: message}}
		if failure := s.apply(skipped); failure != nil {
			return failure
		}
	}
	return err
}

// isEnd reports whether err says that all was read that there is to read of an answer.
func isEnd(k *conn, err error) bool {
	failed, ok := err.(*transportError) //nolint:errorlint // an error of apply may wrap one
	if !ok {
		return errors.Is(err, protocol.ErrCutOff)
	}
	return k.timeout != nil || !errors.Is(failed.err, os.ErrDeadlineExceeded)
}

// drainingReader reads from a connection. At the deadline of a shared request it ends the connection for reading, after which PHP cannot write
// to it any more (unix_shutdown and unix_stream_sendmsg in Linux), and reads what PHP has written before. Then it returns the error of the
// deadline.
type drainingReader struct{ c *conn }

func (r *drainingReader) Read(p []byte) (int, error) {
	c := r.c
	n, err := c.socket.Read(p)
	switch {
	case err == nil:
		return n, nil
	case c.timeout != nil && errors.Is(err, io.EOF):
		return 0, c.timeout
	case !c.drains || !errors.Is(err, os.ErrDeadlineExceeded) || c.deadline.IsZero() || time.Now().Before(c.deadline):
		return n, err
	}
	if !c.shutdownRead() {
		return n, err
	}
	c.drains, c.timeout = false, err
	_ = c.SetReadDeadline(time.Time{}) // it cannot block
	return r.Read(p)
}

func (c *conn) shutdownRead() (done bool) {
	_ = c.raw.Control(func(fd uintptr) { done = unix.Shutdown(int(fd), unix.SHUT_RD) == nil })
	return done
}
