package bridge

import (
	"context"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// loop queues a loop event every LoopInterval until ctx ends, unless other events of the server wait, or nothing can be to do.
func (b *Bridge) loop(ctx context.Context) {
	tick := time.NewTicker(b.cfg().LoopInterval)
	defer tick.Stop()
	var latest loopTurn
	for {
		select {
		case <-tick.C:
			latest = b.turn(latest)
			b.loopProcesses()
		case <-b.intervalChanged:
			tick.Reset(b.cfg().LoopInterval)
		case <-ctx.Done():
			return
		}
	}
}

// loopTurn is the latest loop event that was queued.
type loopTurn struct {
	queued  bool
	after   uint64 // the sequence number of the event before it
	clients int    // that there were
}

// turn queues a loop event if one is due, and returns the latest one. Without clients, a turn that costs a request is due only if the
// latest one had some, or if another event than a turn has run since.
func (b *Bridge) turn(latest loopTurn) loopTurn {
	clients, seq := b.clients.count(), b.seq.Load()
	idle := latest.queued && latest.clients+clients == 0 && seq <= latest.after+1
	if !b.hasHandler(protocol.Loop) || idle && !b.cfg().LoopWithoutClients || !b.events.Offer(b.serverEvent(protocol.Loop, nil)) {
		return latest
	}
	return loopTurn{queued: true, after: seq, clients: clients}
}

// loopProcesses queues an event for ws_process_loop if there are processes for it, or the event for which there was no room before.
func (b *Bridge) loopProcesses() {
	lane := b.cfg().Lane
	waits := b.processesWait.Swap(false)
	e := b.serverEvent(protocol.Process, nil)
	switch {
	case lane == nil:
	case waits:
		b.processesWait.Store(!b.events.Add(e))
	case b.app.Load().HasHandler("ws_process_loop") && lane.HasChildren():
		b.events.Offer(e)
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
