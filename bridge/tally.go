package bridge

import (
	"sync/atomic"
	"time"

	"github.com/wsbridge/wsbridge/bridge/socket"
)

// tally counts the messages of one client, or of all. Control frames are none.
type tally struct {
	received, sent           atomic.Uint64
	receivedBytes, sentBytes atomic.Uint64
}

func (t *tally) receive(size int) {
	t.received.Add(1)
	t.receivedBytes.Add(uint64(size))
}

func (t *tally) send(size int) {
	t.sent.Add(1)
	t.sentBytes.Add(uint64(size))
}

func (t *tally) now() Messages {
	return Messages{t.received.Load(), t.sent.Load(), t.receivedBytes.Load(), t.sentBytes.Load()}
}

// Messages are counts since the start: of a client's messages, and of what its socket has taken.
type Messages struct {
	Received, Sent           uint64
	ReceivedBytes, SentBytes uint64
}

// totals count what a bridge does, over all clients.
type totals struct {
	messages tally
	accepted atomic.Uint64 // answered 101
	refused  atomic.Uint64 // answered with anything else, by the bridge itself
	done     atomic.Uint64
	failed   atomic.Uint64
	running  atomic.Int64 // events that have their turn
}

// Totals are what a bridge has and has done since its start.
type Totals struct {
	Open, Clients     int    // rows in state OPEN, and all
	Connecting        int    // rows of clients that have not been answered 101
	Accepted, Refused uint64 // handshakes

	Running      int // events that have their turn
	Waiting      int // events and handshakes that have none yet, and documents
	Queued       int // events and handshakes of clients, from their arrival to their end
	Documents    int // documents and other events of the server's own that have no turn yet
	WaitingBytes int // what events of clients carry, those that run among them
	Done, Failed uint64

	Messages
}

// Room is how much there may be at the same time.
type Room struct {
	Connections        int // 0: any number
	Events, EventBytes int // of all clients, from their arrival to their end
	Documents          int // that wait
}

// Room returns the limits in force.
func (b *Bridge) Room() Room {
	cfg := b.cfg()
	return Room{cfg.Limits.Connections, cfg.EventQueueTotal, cfg.EventQueueTotalBytes, documents}
}

// Totals returns the counts of now. They are read one after the other, so they need not fit exactly.
func (b *Bridge) Totals() Totals {
	t := &b.totals
	open, connecting, all := b.table.Counts()
	running := int(t.running.Load())
	events, size := b.backlog.Now()
	documents := b.events.Len()
	return Totals{
		Open: open, Connecting: connecting, Clients: all, Accepted: t.accepted.Load(), Refused: t.refused.Load(),
		Running: running, Waiting: max(0, events+documents-running), WaitingBytes: size, Queued: events, Documents: documents,
		Done: t.done.Load(), Failed: t.failed.Load(), Messages: t.messages.now(),
	}
}

// heard notes a message of c's.
func (c *client) heard(size int) {
	c.tally.receive(size)
	c.bridge.totals.messages.receive(size)
	c.last.Store(time.Now().UnixMicro())
}

// OnSent implements socket.Owner.
func (c *client) OnSent(m *socket.Message, took time.Duration) {
	c.bridge.cfg().Observer.Written(took)
	if !m.IsControl() {
		c.tally.send(m.Size())
		c.bridge.totals.messages.send(m.Size())
	}
}
