package bridge

import (
	"sync/atomic"

	"github.com/wsbridge/wsbridge/bridge/observe"
)

// totals count what a bridge does, over all clients. Messages are counted by each client, so that clients do not share a counter.
type totals struct {
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

	observe.Messages
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
	events, size := b.backlog.Load()
	documents := b.events.Len()
	return Totals{
		Open: open, Connecting: connecting, Clients: all, Accepted: t.accepted.Load(), Refused: t.refused.Load(),
		Running: running, Waiting: max(0, events+documents-running), WaitingBytes: size, Queued: events, Documents: documents,
		Done: t.done.Load(), Failed: t.failed.Load(), Messages: b.clients.messages(),
	}
}

// Clients returns how many rows there are: clients that are open, and those that come in or leave.
func (b *Bridge) Clients() int { return b.clients.count() }

// Sockets returns how many sockets there are: clients, and those that have not become one yet.
func (b *Bridge) Sockets() int { return b.limiter.Connections() }

// Unsent returns what clients' sockets have not taken yet: messages and control frames, and their bytes. It asks each client.
func (b *Bridge) Unsent() (items, size int) {
	for _, c := range b.clients.connected() {
		n, bytes := c.conn.Queued()
		items += n
		size += bytes
	}
	return items, size
}
