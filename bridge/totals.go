package bridge

import (
	"sync/atomic"

	"github.com/wsbridge/wsbridge/bridge/observe"
)

// totals counts what happens, over all clients. Messages are counted by each client, so that clients do not share a counter.
type totals struct {
	accepted atomic.Uint64 // answered 101
	refused  atomic.Uint64 // answered otherwise, by the bridge itself
	done     atomic.Uint64
	failed   atomic.Uint64
	running  atomic.Int64 // events that run
}

// Totals are the counts of a Bridge: of now, and since its start.
type Totals struct {
	Open, Clients     int    // rows in state OPEN, and all rows
	Connecting        int    // rows of clients that have not been answered 101
	Accepted, Refused uint64 // handshakes

	Running      int // events
	Waiting      int // events, handshakes and documents
	Queued       int // events and handshakes of clients that wait or run
	Documents    int // documents and other events of the server that wait
	WaitingBytes int // of events and handshakes of clients that wait or run
	ReadingBytes int // memory of messages that are being read
	SendingBytes int // memory of messages that wait for clients; one that waits for several counts once
	Done, Failed uint64

	observe.Messages
}

// Room is the limits of what there may be at the same time.
type Room struct {
	Connections        int // 0: no limit
	Events, EventBytes int // of all clients, waiting or running
	Documents          int // waiting

	ReadingBytes, SendingBytes int
}

// Room returns the current limits.
func (b *Bridge) Room() Room {
	cfg := b.cfg()
	return Room{cfg.Limits.Connections, cfg.EventQueueTotal, cfg.EventQueueTotalBytes, documents, cfg.ReadTotalBytes, cfg.SendQueueTotalBytes}
}

// Totals returns the current counts. They are read one after the other, so they need not be consistent.
func (b *Bridge) Totals() Totals {
	t := &b.totals
	open, connecting, all := b.table.Counts()
	running := int(t.running.Load())
	events, size := b.backlog.Load()
	documents := b.events.Len()
	return Totals{
		Open: open, Connecting: connecting, Clients: all, Accepted: t.accepted.Load(), Refused: t.refused.Load(),
		Running: running, Waiting: max(0, events+documents-running), WaitingBytes: size, Queued: events, Documents: documents,
		ReadingBytes: b.upgrader.Reading.Used(), SendingBytes: b.upgrader.Sending.Used(),
		Done: t.done.Load(), Failed: t.failed.Load(), Messages: b.clients.messages(),
	}
}

// Clients returns how many clients have a row, including those that connect or leave.
func (b *Bridge) Clients() int { return b.clients.count() }

// Sockets returns how many connections there are, including those that have not become clients.
func (b *Bridge) Sockets() int { return b.limiter.Connections() }

// Unsent returns how many messages and control frames wait to be written to clients, and their bytes. It asks each client.
func (b *Bridge) Unsent() (items, size int) {
	for _, c := range b.clients.connected() {
		n, bytes := c.conn.Queued()
		items += n
		size += bytes
	}
	return items, size
}
