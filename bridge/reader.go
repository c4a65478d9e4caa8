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
	c.keepAlive()
	c.readOn()
}

// readOn is read for a client that another process has read from.
func (c *client) readOn() {
	for {
		op, data, end := c.conn.Read()
		if end != nil {
			if !end.IsMove() {
				c.endRead(end)
			}
			c.conn.CloseRead(end)
			return
		}
		c.received(op, data)
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
	if c.bridge.cfg().LogPayloads {
		c.bridge.logPayload(c.logger(), "message from the client", data)
	}
	c.messages.Received(len(data))
	now := time.Now()
	c.lastMessage.Store(now.UnixMicro())
	switch {
	case op == socket.OpBinary:
		c.enqueue(protocol.Binary, data, now, nil)
	case len(data) > 0 || c.bridge.cfg().EmptyText:
		c.enqueue(protocol.Text, data, now, nil)
	}
}

func (c *client) endRead(end *socket.End) {
	if end.IsViolation() {
		level := slog.LevelInfo
		if isOverLimit(end.Ending) { // they are counted
			level = slog.LevelDebug
		}
		c.logger().Log(context.Background(), level, "connection failed", keyError, end.Err)
	}
	c.endWith(end.Ending, end.Code, end.Reason)
}

// OnPong implements socket.Owner.
func (c *client) OnPong() { c.set(rows.Time("pong_time", time.Now())) }
