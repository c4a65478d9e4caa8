package bridge

import (
	"context"
	"log/slog"
	"time"

	"github.com/wsbridge/wsbridge/bridge/rows"
	"github.com/wsbridge/wsbridge/bridge/socket"
	"github.com/wsbridge/wsbridge/protocol"
)

// watchInterval is how often a socket that is not read is looked at: one system call, and soon enough for a handler that
// works so long that its client's queue has filled.
const watchInterval = 500 * time.Millisecond

// read takes messages off the socket until it ends. A full event queue keeps it from reading more than the head of the next
// one, and what stands before that: pings, pongs, a close frame. Then TCP pushes back.
func (c *client) read() {
	for {
		c.alive()
		op, data, end := c.conn.Read()
		if end != nil {
			c.endRead(end)
			c.conn.CloseRead(end)
			return
		}
		c.received(op, data)
	}
}

// alive puts off the time at which the client counts as silent. Once it has ended there is no putting off: it has to
// answer our close frame.
func (c *client) alive() {
	if !c.hasEnded() {
		c.conn.KeepAlive(c.bridge.cfg().PongTimeout)
	}
}

// OnMessage implements socket.Owner. It blocks while c's queue is full. Afterwards c may be silent for as long as ever: it was
// not heard meanwhile.
func (c *client) OnMessage(op socket.Opcode) bool {
	if op == socket.OpBinary && !c.bridge.has(protocol.Binary) {
		return false
	}
	if c.events.AwaitRoom(watchInterval, func() { c.watch(c.conn.HungUp()) }) {
		c.alive()
	}
	return true
}

// watch notices that c has hung up while nothing is read from it. Nothing can be sent to it any more, as handlers then learn.
// What it has sent before is still read, and its close event comes behind that.
func (c *client) watch(hungUp bool) {
	if hungUp {
		c.unreachable()
	}
}

func (c *client) received(op socket.Opcode, data []byte) {
	c.idle.note()
	c.bridge.showPayload(c.log, "message from the client", data)
	c.messages.Received(len(data))
	c.last.Store(time.Now().UnixMicro())
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
		if isLimit(end.Ending) { // those are counted
			level = slog.LevelDebug
		}
		c.log.Log(context.Background(), level, "connection failed", keyError, end.Err)
	}
	c.endWith(end.Ending, end.Code, end.Reason)
}

// OnPong implements socket.Owner.
func (c *client) OnPong() {
	c.set(rows.Time("pong_time", time.Now()))
	c.alive()
}
