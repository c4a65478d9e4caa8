package bridge

import (
	"context"
	"time"

	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/protocol"
)

// fifo brings a document to ws_server_fifo. It blocks while too many wait.
func (b *Bridge) fifo(_ context.Context, document []byte) error {
	b.showPayload(b.log, "document from the pipe", document)
	if !b.has(protocol.Fifo) {
		b.log.Warn("document from the pipe dropped: there is no ws_server_fifo", keyBytes, len(document))
		return nil
	}
	if !b.events.Put(b.serverEvent(protocol.Fifo, document)) {
		return outcome.ErrStopped
	}
	return nil
}

// loop runs ws_server_loop every LoopInterval until ctx ends. A turn that finds events still waiting is left out.
func (b *Bridge) loop(ctx context.Context) {
	tick := time.NewTicker(b.cfg().LoopInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if b.has(protocol.Loop) {
				b.events.Offer(b.serverEvent(protocol.Loop, nil))
			}
		case <-b.paced:
			tick.Reset(b.cfg().LoopInterval)
		case <-ctx.Done():
			return
		}
	}
}

// pace has the loop look at its interval again.
func (b *Bridge) pace() {
	select {
	case b.paced <- struct{}{}:
	default: // it will look anyway
	}
}

// serverEvent returns an event of the server's own.
func (b *Bridge) serverEvent(kind protocol.Kind, payload []byte) *queuedEvent {
	return &queuedEvent{bridge: b, kind: kind, payload: payload, since: time.Now()}
}
