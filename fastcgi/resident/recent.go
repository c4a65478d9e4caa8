package resident

import (
	"sync"

	"github.com/wsbridge/wsbridge/protocol"
)

const (
	// maxRecent is how many of the latest events that were sent are remembered for redact: those that may wait in PHP, and as many before
	// them. The process flushes its error stream before each event ends.
	maxRecent = 2 * maxSent
	// maxRecentBytes is how much of a payload is remembered.
	maxRecentBytes = 16 << 10
)

// recent remembers what the latest events of a worker have brought: what its process prints or logs past the socket names no event.
type recent struct {
	booter Booter

	mu     sync.Mutex // guards the fields below
	events [maxRecent]brought
	next   int
}

// brought is what is remembered of an event.
type brought struct{ environment, payload []byte }

// add remembers an event that is about to be sent.
func (r *recent) add(e *protocol.Event) {
	if e.Seq == controlSeq {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	slot := &r.events[r.next]
	slot.environment = e.Environment
	slot.payload = append(slot.payload[:0], e.Payload[:min(len(e.Payload), maxRecentBytes)]...)
	r.next = (r.next + 1) % maxRecent
}

// redact returns a text without what the latest events have brought.
func (r *recent) redact(text string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	events := make([]*protocol.Event, maxRecent)
	for i, b := range r.events {
		events[i] = &protocol.Event{Environment: b.environment, Payload: b.payload}
	}
	return r.booter.Redact(text, events...)
}

// clean removes from an effect's messages what its event has brought.
func (r *recent) clean(e *protocol.Effect, event *protocol.Event) {
	switch {
	case e.Log != nil:
		e.Log.Message = r.booter.Redact(e.Log.Message, event)
	case e.Failed != nil:
		e.Failed.Message = r.booter.Redact(e.Failed.Message, event)
	}
}
