package bridge

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/bridge/rows"
	"github.com/wsbridge/wsbridge/bridge/schedule"
	"github.com/wsbridge/wsbridge/bridge/socket"
	"github.com/wsbridge/wsbridge/protocol"
)

// client is one connection, from the accepted socket to the end of its close event.
type client struct {
	// Set before another goroutine knows the client.
	bridge      *Bridge
	key         int64
	peer        string // ip:port
	env         []byte
	negotiated  negotiated // in the handshake
	session     string     // PHP session that it shares with other clients; empty: none, or it does not matter
	events      *schedule.Queue
	early       *socket.Early // what it is sent before it is answered 101
	readEvents  bool          // and connect events: PHP knows the client since its socket was accepted
	connectedAt int64         // microseconds since 1970

	messages    observe.Counter
	lastMessage atomic.Int64 // when the last message came, like connectedAt
	request     atomic.Pointer[Request]
	tracer      observe.Tracer // of its events since its handshake; nil: there are no traces, or no handshake yet
	history     observe.History

	// Set while clients.mu is held.
	upgraded atomic.Bool // answered 101
	left     atomic.Bool // it is in clients no more

	owed atomic.Bool // the journal has its close event

	// Set by opened, before upgraded. Constant afterwards.
	conn *socket.Conn
	ping *time.Timer
	idle *idleTimer

	mu     sync.Mutex // guards the fields below
	ended  bool
	ending outcome.Ending
	code   int
	reason string
	asked  time.Time // when the first ping was sent since anything came; zero: none was
	pings  int64     // when the next ping is sent, like connectedAt
}

// newClient returns a client with a row in state CONNECTING. conn is its connection.
func (b *Bridge) newClient(peer string, conn socket.HalfCloser) *client {
	c := &client{bridge: b, peer: peer, connectedAt: time.Now().UnixMicro()}
	c.lastMessage.Store(c.connectedAt)
	cfg := b.cfg()
	c.early = b.upgrader.NewEarly(conn, c, cfg.WriteTimeout, cfg.SendQueueBytes)
	c.events = b.scheduler.NewQueue(cfg.EventQueue, int(cfg.MaxMessage))
	c.key = b.table.NewKey()
	b.clients.add(c)
	b.table.Apply(rows.Change{Key: c.key, Step: rows.Created, Peer: peer})
	if c.hasLeft() { // a drain ran out of time just before, and found no row to remove
		b.table.Apply(rows.Change{Key: c.key, Step: rows.Removed})
	}
	return c
}

// logger returns a logger for c. It is made only when it is needed, since it takes memory, and a client logs little.
func (c *client) logger() *slog.Logger { return c.bridge.log.With(keyClient, c.key, keyPeer, c.peer) }

// opened makes c open, and then sends the handshake's answer, so that a client that has the answer is OPEN for everyone. It reports false
// if c was ended by a drain that ran out of time. told says that c is open already for the resident worker. c reads from now on, so that pings and
// a hang-up are seen while the open event runs, which other events wait for.
func (c *client) opened(conn *socket.Conn, told bool) bool {
	c.conn = conn
	c.idle = c.newIdleTimer()
	c.startPing()
	if !c.bridge.clients.open(c) {
		c.ping.Stop()
		c.idle.stop()
		return false
	}
	c.bridge.totals.accepted.Add(1)
	c.bridge.table.Apply(rows.Change{Key: c.key, Step: rows.Opened, Told: told})
	c.keepRow()
	conn.Greet()
	c.logger().Info("client connected")
	c.bridge.spawn(c.read)
	return true
}

// set changes fields of c's row, if there is still one.
func (c *client) set(fields ...protocol.Field) {
	c.bridge.table.Apply(rows.Change{Key: c.key, Set: fields})
}

// markUnreachable records that nothing can be sent to c any more, whatever the state in its row.
func (c *client) markUnreachable() {
	c.bridge.table.Apply(rows.Change{Key: c.key, Step: rows.Unreachable})
}

// send sends a message to c alone. The errors are socket.ErrFull and socket.ErrClosed.
func (c *client) send(m *socket.Message) error {
	c.idle.touch()
	return c.conn.Send(m)
}

// sendAll sends a message to each client that recipients returns, and returns them. Clients that get two such messages get them in the same
// order, see socket.Upgrader.Broadcast, which also says what recipients may do. A client that opens gets all messages after the first that it
// gets. sendAll calls failed with each client to which m cannot be sent, and with the error of send.
func (b *Bridge) sendAll(m *socket.Message, recipients func() []*client, failed func(*client, error)) (to []*client) {
	b.upgrader.Broadcast(m, func() []*socket.Conn {
		to = recipients()
		conns := make([]*socket.Conn, len(to))
		for i, c := range to {
			conns[i] = c.conn
		}
		return conns
	}, func(i int, err error) { failed(to[i], err) })
	for _, c := range to {
		c.idle.touch()
	}
	return to
}

// OnSent implements socket.Owner.
func (c *client) OnSent(m *socket.Message, took time.Duration) {
	c.bridge.cfg().Observer.Written(took)
	if !m.IsControl() {
		c.messages.Sent(m.Size())
	}
}

// OnWriterEnd implements socket.Owner.
func (c *client) OnWriterEnd(isSlow bool) {
	if isSlow {
		c.end(outcome.EndedSlow)
	}
}

// OnEvicted implements socket.Owner.
func (c *client) OnEvicted() {
	code, reason := outcome.EndedMemory.Close()
	c.drop(code, reason)
	c.markUnreachable()
	c.endUnlessDraining(outcome.EndedMemory)
}

// OnClosed implements socket.Owner.
func (c *client) OnClosed() { c.bridge.clients.closed(c) }
