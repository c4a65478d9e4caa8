package socket

import (
	"bytes"
	"errors"
	"io"
	"net"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// End is how reading ended. Code and Reason are for the close frame that the client is owed; with code 0 it is owed none.
type End struct {
	Ending outcome.Ending
	Code   int
	Reason string
	Err    error // what the client did wrong, the socket's own error, or ErrMoved
}

// IsMove reports whether reading ended only since another process goes on with the connection, see Conn.Release. The other fields of e, but
// for Err, mean nothing then.
func (e *End) IsMove() bool { return e.Err == ErrMoved }

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
		c.since = c.restored.waitedFrom() // the owner may have waited
		payload, err = c.readPayload(r, op == OpText)
		c.releaseReading()
	}
	if err != nil {
		return 0, nil, c.endReading(err)
	}
	return op, payload, nil
}

func (c *Conn) readPayload(r io.Reader, isText bool) ([]byte, error) {
	m := &c.message
	*m = incoming{limit: c.check.limit, isText: isText, conn: c}
	defer func() { *m = incoming{} }()
	if c.restored != nil {
		r = io.MultiReader(bytes.NewReader(c.restored.Message.Payload), r)
		c.restored = nil
	}
	if !c.check.compressed() {
		err := m.read(r, c.check.length)
		return m.data, err
	}
	m.inflater = newInflater(&c.upgrader.inflaters, r, c.before)
	defer m.inflater.release(&c.upgrader.inflaters)
	if c.check.isWithinMessage() {
		m.inflater.keep(m)
	}
	err := m.read(m.inflater, c.check.length)
	if err == nil && c.inWindow {
		c.before = keepWindow(c.before, m.data)
	}
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
