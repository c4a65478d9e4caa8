package bridge

import (
	"context"
	"time"

	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/protocol"
)

// enqueueDocument queues a document for ws_server_fifo. It blocks while too many wait.
func (b *Bridge) enqueueDocument(_ context.Context, document []byte) error {
	b.logPayload(b.log, "document from the pipe", document)
	if !b.hasHandler(protocol.Fifo) {
		b.log.Warn("document from the pipe dropped: there is no ws_server_fifo", keyBytes, len(document))
		return nil
	}
	if !b.events.Put(b.serverEvent(protocol.Fifo, document)) {
		return outcome.ErrStopped
	}
	return nil
}

// loop queues a loop event every LoopInterval until ctx ends, unless other events of the server wait.
func (b *Bridge) loop(ctx context.Context) {
	tick := time.NewTicker(b.cfg().LoopInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if b.hasHandler(protocol.Loop) {
				b.events.Offer(b.serverEvent(protocol.Loop, nil))
			}
		case <-b.intervalChanged:
			tick.Reset(b.cfg().LoopInterval)
		case <-ctx.Done():
			return
		}
	}
}

// resetLoop makes the loop use the current interval.
func (b *Bridge) resetLoop() {
	select {
	case b.intervalChanged <- struct{}{}:
	default: // it will do that anyway
	}
}

// serverEvent returns an event of the server.
func (b *Bridge) serverEvent(kind protocol.Kind, payload []byte) *queuedEvent {
	return &queuedEvent{bridge: b, kind: kind, payload: payload, since: time.Now()}
}
