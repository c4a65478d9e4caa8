package bridge

import (
	"errors"
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
	log         *slog.Logger
	events      *schedule.Queue
	readEvents  bool  // and connect events: PHP knows the client since its socket was accepted
	connectedAt int64 // microseconds since 1970

	messages    observe.Counter
	lastMessage atomic.Int64 // when the last message came, like connectedAt
	request     atomic.Pointer[Request]
	history     observe.History

	upgraded bool // answered 101; guarded by clients.mu

	// Set by opened, before upgraded. Constant afterwards.
	conn *socket.Conn
	ping *time.Timer
	idle *idleTimer

	mu     sync.Mutex // guards the fields below
	ended  bool
	ending outcome.Ending
	code   int
	reason string
}

// newClient returns a client with a row in state CONNECTING.
func (b *Bridge) newClient(peer string) *client {
	c := &client{bridge: b, peer: peer, connectedAt: time.Now().UnixMicro()}
	c.lastMessage.Store(c.connectedAt)
	cfg := b.cfg()
	c.events = b.scheduler.NewQueue(cfg.EventQueue, int(cfg.MaxMessage))
	c.key = b.table.NewKey()
	c.log = b.log.With(keyClient, c.key, keyPeer, peer)
	b.clients.add(c)
	b.table.Apply(rows.Change{Key: c.key, Step: rows.Created, Peer: peer})
	if c.hasLeft() { // a drain ran out of time just before, and found no row to remove
		b.table.Apply(rows.Change{Key: c.key, Step: rows.Removed})
	}
	return c
}

// opened makes c open, and then sends the handshake's answer, so that a client that has the answer is OPEN for everyone. It reports false
// if c was ended by a drain that ran out of time.
func (c *client) opened(conn *socket.Conn) bool {
	c.conn = conn
	c.idle = c.newIdleTimer()
	c.startPing()
	if !c.bridge.clients.open(c) {
		c.ping.Stop()
		c.idle.stop()
		return false
	}
	c.bridge.totals.accepted.Add(1)
	c.bridge.table.Apply(rows.Change{Key: c.key, Step: rows.Opened})
	conn.Greet()
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

func (c *client) startPing() {
	c.mu.Lock() // the timer may fire before it is assigned; sendPing calls hasEnded first
	defer c.mu.Unlock()
	c.ping = time.AfterFunc(c.bridge.cfg().PingInterval, c.sendPing)
}

// sendPing is called by a timer, which a drain does not wait for.
func (c *client) sendPing() {
	leave, ok := c.bridge.enter()
	if !ok {
		c.keepAlive() // the client is not silent: it gets no more pings, but soon its end
		return
	}
	defer leave()
	if c.hasEnded() {
		return
	}
	c.set(rows.Time("ping_time", time.Now()))
	if err := c.conn.Send(socket.NewMessage(socket.OpPing, nil)); errors.Is(err, socket.ErrFull) {
		c.end(outcome.EndedSlow)
	}
	c.ping.Reset(c.bridge.cfg().PingInterval)
}

// sendAll sends m to each client. It calls failed with each client to which m cannot be sent, and with socket.ErrFull or socket.ErrClosed.
func sendAll(clients []*client, m *socket.Message, failed func(*client, error)) {
	conns := make([]*socket.Conn, len(clients))
	for i, c := range clients {
		if conns[i] = c.conn; !m.IsControl() {
			c.idle.touch()
		}
	}
	socket.Broadcast(conns, m, func(i int, err error) { failed(clients[i], err) })
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

// OnClosed implements socket.Owner.
func (c *client) OnClosed() { c.bridge.clients.closed(c) }
