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
	// Set before another goroutine sees the client.
	bridge     *Bridge
	key        int64
	peer       string // ip:port
	env        []byte
	agreed     agreement // in its handshake
	session    string    // the PHP session it shares with others, if that is to matter; else empty
	log        *slog.Logger
	events     *schedule.Queue
	readEvents bool  // and connect events: PHP has known it since the socket was accepted
	came       int64 // microseconds since 1970

	messages observe.Counter
	last     atomic.Int64 // when its last message came, as came
	request  atomic.Pointer[Request]
	history  observe.History

	upgraded bool // answered 101; guarded by clients.mu

	// Set by opened, before upgraded is; constant afterwards.
	conn *socket.Conn
	ping *time.Timer
	idle *idleness

	mu     sync.Mutex // guards how it ends
	ended  bool
	ending outcome.Ending
	code   int
	reason string
}

// newClient adds a row in state CONNECTING.
func (b *Bridge) newClient(peer string) *client {
	c := &client{bridge: b, peer: peer, came: time.Now().UnixMicro()}
	c.last.Store(c.came)
	cfg := b.cfg()
	c.events = b.scheduler.NewQueue(cfg.EventQueue, int(cfg.MaxMessage))
	c.key = b.table.NewKey()
	c.log = b.log.With(keyClient, c.key, keyPeer, peer)
	b.clients.add(c)
	b.table.Apply(rows.Change{Key: c.key, Step: rows.Created, Peer: peer})
	if c.gone() { // a drain out of time came in between, and found no row to remove
		b.table.Apply(rows.Change{Key: c.key, Step: rows.Removed})
	}
	return c
}

// opened makes c an open WebSocket, and then sends the handshake's answer: who has it is OPEN to everybody. It reports false if c was
// ended by a drain out of time.
func (c *client) opened(conn *socket.Conn) bool {
	c.conn = conn
	c.ping = time.AfterFunc(c.bridge.cfg().PingInterval, c.sendPing)
	c.idle = c.watchIdle()
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

// set changes fields of c's row, if it still has one.
func (c *client) set(fields ...protocol.Field) {
	c.bridge.table.Apply(rows.Change{Key: c.key, Set: fields})
}

// unreachable notes that nothing can be sent to c any more, whatever its row says.
func (c *client) unreachable() {
	c.bridge.table.Apply(rows.Change{Key: c.key, Step: rows.Unreachable})
}

func (c *client) sendPing() {
	if c.hasEnded() {
		return
	}
	c.set(rows.Time("ping_time", time.Now()))
	if err := c.conn.Send(socket.NewMessage(socket.OpPing, nil)); errors.Is(err, socket.ErrFull) {
		c.endUnlessDraining(outcome.EndedSlow)
	}
	c.ping.Reset(c.bridge.cfg().PingInterval)
}

// sendAll sends m to each of clients; failed is called for each that it cannot be sent to.
func sendAll(clients []*client, m *socket.Message, failed func(*client, error)) {
	conns := make([]*socket.Conn, len(clients))
	for i, c := range clients {
		if conns[i] = c.conn; !m.IsControl() {
			c.idle.note()
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
func (c *client) OnWriterEnd(slow bool) {
	if slow {
		c.end(outcome.EndedSlow)
	}
}

// OnClosed implements socket.Owner.
func (c *client) OnClosed() { c.bridge.clients.closed(c) }
