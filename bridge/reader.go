package bridge

import (
	"context"
	"log/slog"
	"time"

	"github.com/wsbridge/wsbridge/bridge/rows"
	"github.com/wsbridge/wsbridge/bridge/socket"
	"github.com/wsbridge/wsbridge/protocol"
)

// hangupInterval is how often a socket that is not read is checked for a hang-up. A check is one system call.
const hangupInterval = 500 * time.Millisecond

// read reads messages from the socket until it ends. While the event queue is full, it reads only what comes before the next message, such as
// pings, pongs and a close frame, and the head of that message. Then TCP pushes back.
func (c *client) read() {
	for {
		c.keepAlive()
		op, data, end := c.conn.Read()
		if end != nil {
			c.endRead(end)
			c.conn.CloseRead(end)
			return
		}
		c.received(op, data)
	}
}

// keepAlive restarts the time for which the client may be silent. It does nothing once the client has ended: then the client has to answer our
// close frame.
func (c *client) keepAlive() {
	if !c.hasEnded() {
		c.conn.KeepAlive(c.bridge.cfg().PongTimeout)
	}
}

// OnMessage implements socket.Owner. It blocks until c's queue has room, then restarts the time for which c may be silent, since nothing was
// read meanwhile.
func (c *client) OnMessage(op socket.Opcode) bool {
	if op == socket.OpBinary && !c.bridge.hasHandler(protocol.Binary) {
		return false
	}
	if c.events.AwaitRoom(hangupInterval, func() { c.checkHangup(c.conn.HungUp()) }) {
		c.keepAlive()
	}
	return true
}

// checkHangup is called while nothing is read from c. After a hang-up nothing can be sent to c, and handlers learn that. What c has sent before
// is still read, and the close event comes after it.
func (c *client) checkHangup(hungUp bool) {
	if hungUp {
		c.markUnreachable()
	}
}

func (c *client) received(op socket.Opcode, data []byte) {
	c.idle.touch()
	c.bridge.logPayload(c.log, "message from the client", data)
	c.messages.Received(len(data))
	c.lastMessage.Store(time.Now().UnixMicro())
	switch {
	case op == socket.OpBinary:
		c.enqueue(protocol.Binary, data, nil)
	case len(data) > 0 || c.bridge.cfg().EmptyText:
		c.enqueue(protocol.Text, data, nil)
	}
}

func (c *client) endRead(end *socket.End) {
	if end.IsViolation() {
		level := slog.LevelInfo
		if isOverLimit(end.Ending) { // they are counted
			level = slog.LevelDebug
		}
		c.log.Log(context.Background(), level, "connection failed", keyError, end.Err)
	}
	c.endWith(end.Ending, end.Code, end.Reason)
}

// OnPong implements socket.Owner.
func (c *client) OnPong() {
	c.set(rows.Time("pong_time", time.Now()))
	c.keepAlive()
}
