package socket

import (
	"errors"
	"io"
	"net"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// End is how reading ended. Code and Reason are for the close frame that the client is owed; with code 0 it is owed none.
type End struct {
	Ending outcome.Ending
	Code   int
	Reason string
	Err    error // what the client did wrong, or the socket's own error
}

// IsViolation reports whether the client broke RFC 6455 or one of its limits.
func (e *End) IsViolation() bool {
	_, ok := errors.AsType[*violation](e.Err)
	return ok
}

func newEnd(err error) *End {
	end := &End{Ending: outcome.EndedByHangup, Err: err}
	if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
		end.Ending, end.Code = outcome.EndedByClient, replyCode(closed.Code)
		return end
	}
	if bad, ok := errors.AsType[*violation](err); ok {
		end.Ending = bad.ending
	} else if errors.Is(err, ErrFull) { // the queue has no room for a pong
		end.Ending = outcome.EndedSlow
	} else if isTimeout(err) {
		end.Ending = outcome.EndedSilent
	}
	end.Code, end.Reason = end.Ending.Close()
	return end
}

func isTimeout(err error) bool {
	network, ok := errors.AsType[net.Error](err)
	return ok && network.Timeout()
}

// replyCode returns the code that answers a client's close frame: the client's own (RFC 6455, section 5.5.1).
func replyCode(code int) int {
	if code == websocket.CloseNoStatusReceived {
		return websocket.CloseNormalClosure
	}
	return code
}

// Read blocks until a whole message has come and returns its payload, which the caller owns. It answers pings meanwhile. After an end
// that is not nil, Read must not be called again, but CloseRead must.
func (c *Conn) Read() (op Opcode, payload []byte, end *End) {
	kind, r, err := c.gorilla.NextReader()
	switch op = Opcode(kind); {
	case err != nil:
	case !c.owner.OnMessage(op):
		err = &violation{outcome.EndedNoBinary, "binary message without a handler"}
	default:
		payload, err = c.readPayload(r, op == OpText)
	}
	if err != nil {
		return 0, nil, newEnd(c.cause(err))
	}
	return op, payload, nil
}

func (c *Conn) readPayload(r io.Reader, isText bool) ([]byte, error) {
	m := incoming{limit: c.check.limit, isText: isText}
	if c.check.compressed() {
		i := newInflater(&c.upgrader.inflaters, r)
		defer i.release(&c.upgrader.inflaters)
		r, m.more = i, i.next
	}
	err := m.read(r, c.check.length)
	return m.data, err
}

// cause returns what an error comes from. The frame check knows better than gorilla, but may be ahead of what has been read.
func (c *Conn) cause(err error) error {
	switch _, ok := errors.AsType[*violation](err); {
	case ok, errors.Is(err, ErrFull):
		return err
	case c.check.err != nil:
		return c.check.err
	}
	return wrong("%v", err)
}

// CloseRead blocks, with end from Read, while a client that is owed a close frame may still read it, for at most closeWait after that
// frame is written. Closing a socket with something unread would reset the connection, and the reset may overtake the frame.
func (c *Conn) CloseRead(end *End) {
	defer c.halfEnded()
	if end.Ending == outcome.EndedByHangup || end.Ending == outcome.EndedSilent {
		return
	}
	if wrote := c.beginLinger(); wrote && !c.halfClose() {
		return
	}
	_, _ = io.Copy(io.Discard, c.conn)
}

// beginLinger reports whether the writer ended before, and so has not asked for the other side's end.
func (c *Conn) beginLinger() (wrote bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lingering = true
	return c.wrote
}

// KeepAlive lets the client be silent for d from now on before Read ends with EndedSilent. It does nothing once the close frame is
// written: the answer to that has closeWait.
func (c *Conn) KeepAlive(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.wrote {
		_ = c.conn.SetReadDeadline(time.Now().Add(d)) // if it fails, so does Read
	}
}
