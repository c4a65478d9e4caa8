package bridge

import (
	"context"
	"errors"
	"time"

	"github.com/wsbridge/wsbridge/bridge/journal"
	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/protocol"
)

// Where documents come from, as the journal names it.
const (
	fromPipe    = "pipe"
	fromControl = "control"
)

// roomAgain is when it is looked whether the journal has room again.
const roomAgain = 100 * time.Millisecond

// enqueueDocuments queues documents of the pipe for ws_server_fifo, and returns how many of them. It blocks until they are in the journal, if there
// is one, and while too many wait. The error says that the others are to be delivered again, by the process that takes over or here.
func (b *Bridge) enqueueDocuments(ctx context.Context, documents [][]byte) (taken int, err error) {
	if !b.hasHandler(protocol.Fifo) {
		for _, d := range documents {
			b.log.Warn("document from the pipe dropped: there is no ws_server_fifo", keyBytes, len(d))
		}
		return len(documents), nil
	}
	events := make([]*queuedEvent, len(documents))
	for i, d := range documents {
		b.logPayload(b.log, "document from the pipe", d)
		events[i] = b.serverEvent(protocol.Fifo, d)
	}
	if b.spool != nil {
		taken = b.spoolWhenRoom(ctx, events)
	}
	for _, e := range events[taken:] {
		switch {
		case b.spool != nil && b.isHandingOver():
			return taken, ErrHandingOver
		case !b.events.Put(e):
			return taken, outcome.ErrStopped
		}
		taken++
	}
	return taken, nil
}

// spoolWhenRoom blocks until documents are in the journal, and returns how many. These are all of them, unless the journal takes none any more, or
// has no room until ctx ends: then the others wait in memory, as without a journal.
func (b *Bridge) spoolWhenRoom(ctx context.Context, events []*queuedEvent) (taken int) {
	for {
		n, err := b.acceptOfPipe(ctx, events[taken:])
		if taken += n; taken == len(events) {
			return taken
		}
		switch {
		case err == nil:
			continue // the next one finds no room, if that is still so
		case !errors.Is(err, journal.ErrFull):
			return taken
		}
		select {
		case <-time.After(roomAgain):
		case <-ctx.Done():
			return taken
		}
	}
}

// acceptOfPipe does not end with ctx, as a document that overtakes others in memory would be out of order.
func (b *Bridge) acceptOfPipe(ctx context.Context, events []*queuedEvent) (taken int, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), journalWait)
	defer cancel()
	return b.spool.accept(ctx, fromPipe, events...)
}

// spooledEvent returns the event of a document that was in the journal only.
func (b *Bridge) spooledEvent(d journal.Document) *queuedEvent {
	e := b.serverEvent(protocol.Fifo, d.Payload)
	e.since = d.Since
	return e
}
