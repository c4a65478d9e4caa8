package bridge

import (
	"errors"
	"io"
	"net"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"

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

// readMessage returns one byte more than the limit of a message that is over it.
func (c *client) readMessage() (op int, data []byte, err error) {
	if err := c.alive(); err != nil {
		return 0, nil, err
	}
	op, r, err := c.conn.NextReader()
	if err != nil {
		return 0, nil, err
	}
	if err := c.awaitRoom(); err != nil {
		return 0, nil, err
	}
	data, err = io.ReadAll(io.LimitReader(r, c.bridge.cfg.MaxMessage+1))
	return op, data, err
}

// alive puts off the time at which the client counts as silent. Once it has ended there is no putting off: it has to
// answer our close frame.
func (c *client) alive() error {
	if c.hasEnded() {
		return nil
	}
	return c.conn.SetReadDeadline(time.Now().Add(c.bridge.cfg.PongTimeout))
}

func (c *client) received(op int, data []byte) {
	switch {
	case int64(len(data)) > c.bridge.cfg.MaxMessage:
		c.end(protocol.EndedTooBig)
	case op == websocket.TextMessage && !utf8.Valid(data):
		c.end(protocol.EndedNotUTF8)
	case op == websocket.TextMessage && len(data) > 0: // an empty text has never reached a handler
		c.bring(errand{kind: protocol.Text, payload: data})
	case op == websocket.BinaryMessage && !c.bridge.has(protocol.Binary):
		c.end(protocol.EndedNoBinary)
	case op == websocket.BinaryMessage:
		c.bring(errand{kind: protocol.Binary, payload: data})
	}
}

func (c *client) endRead(err error) {
	var closed *websocket.CloseError
	var network net.Error
	switch {
	case errors.As(err, &closed) && closed.Code != websocket.CloseAbnormalClosure:
		c.endWith(protocol.EndedByClient, replyCode(closed.Code), "")
	case errors.As(err, &network) && network.Timeout():
		c.end(protocol.EndedSilent)
	case errors.As(err, &network), errors.Is(err, io.ErrUnexpectedEOF), closed != nil, errors.Is(err, net.ErrClosed):
		c.end(protocol.EndedByHangup)
	default: // gorilla has sent the close frame
		c.end(protocol.EndedProtocol)
		c.linger()
	}
}

// linger reads on for a moment, so that what the client still sends does not make the kernel reset the connection
// before it has seen the close frame.
func (c *client) linger() {
	if c.conn.SetReadDeadline(time.Now().Add(closeWait)) == nil {
		_, _ = io.Copy(io.Discard, c.conn.NetConn())
	}
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
	c.bridge.table.set(c, protocol.Field{Name: "pong_time", Value: microtime(time.Now())})
	return c.alive()
}
