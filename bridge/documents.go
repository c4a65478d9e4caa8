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

// enqueueDocument queues a document of the pipe for ws_server_fifo. It blocks until the document is in the journal, if there is one, and while
// too many wait. The error says that the document is to be delivered again, by the process that takes over or here.
func (b *Bridge) enqueueDocument(ctx context.Context, document []byte) error {
	b.logPayload(b.log, "document from the pipe", document)
	if !b.hasHandler(protocol.Fifo) {
		b.log.Warn("document from the pipe dropped: there is no ws_server_fifo", keyBytes, len(document))
		return nil
	}
	e := b.serverEvent(protocol.Fifo, document)
	if b.spool != nil && b.spoolWhenRoom(ctx, e) {
		return nil
	}
	switch {
	case b.spool != nil && b.isHandingOver():
		return ErrHandingOver
	case !b.events.Put(e):
		return outcome.ErrStopped
	}
	return nil
}

// spoolWhenRoom blocks until a document is in the journal. It reports false if the journal takes none any more, or has no room until ctx ends:
// then the document waits in memory, as without a journal.
func (b *Bridge) spoolWhenRoom(ctx context.Context, e *queuedEvent) bool {
	for {
		err := b.acceptOfPipe(ctx, e)
		if !errors.Is(err, journal.ErrFull) {
			return err == nil
		}
		select {
		case <-time.After(roomAgain):
		case <-ctx.Done():
			return false
		}
	}
}

// acceptOfPipe does not end with ctx, as a document that overtakes others in memory would be out of order.
func (b *Bridge) acceptOfPipe(ctx context.Context, e *queuedEvent) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), journalWait)
	defer cancel()
	return b.spool.accept(ctx, e, fromPipe)
}

// spooledEvent returns the event of a document that was in the journal only.
func (b *Bridge) spooledEvent(d journal.Document) *queuedEvent {
	e := b.serverEvent(protocol.Fifo, d.Payload)
	e.since = d.Since
	return e
}
