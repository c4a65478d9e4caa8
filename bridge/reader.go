package bridge

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/bridge/rows"
	"github.com/wsbridge/wsbridge/protocol"
)

// read takes messages off the socket until it ends. A full mailbox keeps it from reading more than the head of the next
// one, and what stands before that: pings, pongs, a close frame. Then TCP pushes back.
func (c *client) read() {
	defer c.halfEnded()
	for {
		op, data, err := c.readMessage()
		if err != nil {
			c.endRead(err)
			return
		}
		c.received(op, data)
	}
}

// readMessage returns a violation, or how the guard has ended reading.
func (c *client) readMessage() (op int, data []byte, err error) {
	if err := c.alive(); err != nil {
		return 0, nil, err
	}
	op, r, err := c.conn.NextReader()
	switch {
	case err != nil:
	case op == websocket.BinaryMessage && !c.bridge.has(protocol.Binary):
		err = &violation{outcome.EndedNoBinary, "binary message without a handler"}
	default:
		if err := c.awaitRoom(); err != nil {
			return 0, nil, err
		}
		data, err = c.readPayload(r, op == websocket.TextMessage)
	}
	return op, data, c.cause(err)
}

func (c *client) readPayload(r io.Reader, text bool) ([]byte, error) {
	m := message{limit: c.guard.limit, text: text}
	if c.guard.compressed() {
		i := newInflater(&c.bridge.inflaters, r)
		defer i.release(&c.bridge.inflaters)
		r, m.more = i, i.next
	}
	err := m.read(r, c.guard.length)
	return m.data, err
}

// cause returns what an error comes from. The guard knows better than gorilla, but may be ahead of what has been read.
func (c *client) cause(err error) error {
	switch _, ok := errors.AsType[*violation](err); {
	case err == nil, ok:
		return err
	case c.guard.err != nil:
		return c.guard.err
	}
	return wrong("%v", err)
}

// alive puts off the time at which the client counts as silent. Once it has ended there is no putting off: it has to
// answer our close frame.
func (c *client) alive() error {
	if c.hasEnded() {
		return nil
	}
	return c.conn.SetReadDeadline(time.Now().Add(c.bridge.cfg().PongTimeout))
}

func (c *client) received(op int, data []byte) {
	c.idle.note()
	c.bridge.showPayload(c.log, "message from the client", data)
	c.heard(len(data))
	switch {
	case op == websocket.BinaryMessage:
		c.bring(errand{kind: protocol.Binary, payload: data})
	case len(data) > 0 || c.bridge.cfg().EmptyText:
		c.bring(errand{kind: protocol.Text, payload: data})
	}
}

func (c *client) endRead(err error) {
	var bad *violation
	var closed *websocket.CloseError
	var network net.Error
	switch {
	case errors.As(err, &bad):
		level := slog.LevelInfo
		if isLimit(bad.ending) { // those are counted
			level = slog.LevelDebug
		}
		c.log.Log(context.Background(), level, "connection failed", keyError, bad)
		c.end(bad.ending)
		c.linger()
	case errors.As(err, &closed):
		c.endWith(outcome.EndedByClient, replyCode(closed.Code), "")
		c.linger()
	case errors.As(err, &network) && network.Timeout():
		c.end(outcome.EndedSilent)
	default:
		c.end(outcome.EndedByHangup)
	}
}

// linger reads on, without looking, until the client has seen our close frame and ends the connection: to close a socket with
// something unread is a reset, which may overtake the frame. Once that is written it takes closeWait at most.
func (c *client) linger() {
	if wrote := c.beginLinger(); wrote && !c.halfClose() {
		return
	}
	_, _ = io.Copy(io.Discard, c.guard.Conn)
}

// replyCode is the code that answers a client's close frame: its own (RFC 6455, section 5.5.1).
func replyCode(code int) int {
	if code == websocket.CloseNoStatusReceived {
		return websocket.CloseNormalClosure
	}
	return code
}

func (c *client) pinged(data string) error {
	c.send(outgoing{op: websocket.PongMessage, data: []byte(data)}, len(data))
	return nil
}

func (c *client) ponged(string) error {
	c.set(rows.Time("pong_time", time.Now()))
	return c.alive()
}
