package bridge

import (
	"context"
	"time"

	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/bridge/rows"
	"github.com/wsbridge/wsbridge/bridge/schedule"
	"github.com/wsbridge/wsbridge/protocol"
)

// laneState is what the resident worker is filled with.
type laneState struct{ bridge *Bridge }

var _ protocol.State = laneState{}

// AwaitChanges implements protocol.State.
func (s laneState) AwaitChanges(ctx context.Context) error { return s.bridge.sends.awaitLane(ctx) }

// Fill implements protocol.State.
func (s laneState) Fill() *protocol.Event {
	e := &protocol.Event{Kind: protocol.Fill, Whole: true}
	e.Rows, e.Values = s.bridge.table.Follow()
	e.First = s.bridge.app.Load().FirstOfWorker()
	return e
}

// Filled implements protocol.State.
func (s laneState) Filled(done *protocol.Done) { s.bridge.commitFirst(done) }

// Empty implements protocol.State.
func (s laneState) Empty() { s.bridge.table.Unfollow() }

// ProcessesReady implements protocol.State.
func (s laneState) ProcessesReady() {
	b := s.bridge
	if !b.events.Add(b.serverEvent(protocol.Process, nil)) { // there is no room
		b.processesWait.Store(true)
	}
}

// Changes implements protocol.State.
func (s laneState) Changes(e *protocol.Event) { e.Changes, e.Left, _ = s.bridge.table.Take() }

// Knows implements protocol.State.
func (s laneState) Knows(code string) bool {
	app := s.bridge.app.Load()
	return app.HasFiles(code) || app.Knows(code)
}

// IsUncertain implements protocol.State.
func (s laneState) IsUncertain() bool {
	app := s.bridge.app.Load()
	return !app.Settled() && app.Ahead == nil // see awaitCertainty
}

// Describe implements protocol.State.
func (s laneState) Describe(ctx context.Context) (commit func(), err error) {
	b := s.bridge
	unlock, err := b.lockDescribing(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	fresh, err := b.describe(ctx, b.cfg(), b.app.Load())
	if err != nil {
		return nil, err
	}
	return func() { b.commitDescribed(fresh) }, nil
}

// laneEvent is an event on its way through the lane. All that it needs is in one piece of memory, since there is one for each message.
type laneEvent struct {
	exchange
	d      *dispatcher
	queued time.Duration
	sent   time.Duration // after it began
	seen   uint64        // of the changes that it was told of

	// What happens when it has ended: either then is called, or the event of a queue ends.
	then func(*protocol.Done, error)
	of   *queuedEvent
	own  dispatcher // of of
	turn *schedule.Turn

	handshake *laneHandshake // whose event it is; nil: that of none
	gaveUp    bool           // its client was turned away while it waited in the lane
}

var _ protocol.Exchange = (*laneEvent)(nil)

// isSecond reports whether it is the second event of a handshake.
func (x *laneEvent) isSecond() bool { return x.handshake != nil && x == &x.handshake.second }

// run runs an event in the lane, for which d must have a turn. Its changes are committed before it ends.
func (x *laneEvent) run(lane Lane, d *dispatcher, kind protocol.Kind, payload []byte, mode *isolation.RunMode) {
	x.prepareForLane(d, kind, payload, mode)
	d.bridge.runInLane(lane, x)
}

// runInLane has the lane run events, one right after the other. If the time for that is over, which may have come since they were allowed to run, they end.
func (b *Bridge) runInLane(lane Lane, x protocol.Exchange, more ...protocol.Exchange) {
	lane.Run(x, more...)
	if b.base.Err() != nil {
		lane.Abort(context.Cause(b.base))
	}
}

// prepareForLane prepares x, of which only what happens at its end is set, for the lane's Run, which has to be called with it.
func (x *laneEvent) prepareForLane(d *dispatcher, kind protocol.Kind, payload []byte, mode *isolation.RunMode) {
	b := d.bridge
	d.kind, d.seq = kind, b.seq.Add(1)
	x.d, x.queued = d, d.queueTime()
	x.prepareFor(d, mode, x.queued)
	x.span.runs(placeAlone)
	x.sends.inOrder = true
	x.began = d.since
	x.event.Payload = payload
	b.totals.running.Add(1)
	b.uncommitted.Add(1)
}

func (x *laneEvent) ended(done *protocol.Done, err error) {
	if x.of == nil {
		x.then(done, err)
		return
	}
	x.of.ended(x.d, done, err)
	if x.d.turn != x.turn { // the code has changed, and the event needed another turn
		x.d.end()
	}
	x.turn.End()
}

// smallEvent is the size of a payload, in bytes, up to which an event is small. Rows that have changed come on top; the buffer of a unix
// socket holds some 200 KB.
const smallEvent = 16 << 10

// IsSmall implements protocol.Exchange.
func (x *laneEvent) IsSmall() bool { return len(x.event.Payload) <= smallEvent }

// Event implements protocol.Exchange. From now on, what runs in the lane runs after this event.
func (x *laneEvent) Event() *protocol.Event {
	x.enter()
	e := &x.event
	*e = protocol.Event{Seq: e.Seq, Trace: e.Trace, Payload: e.Payload, Result: x.waiter != nil}
	if !x.isSecond() {
		x.bridge.needs(e, x.kind, x.mode)
	} else {
		x.handshake.needs(e)
	}
	if x.client != nil {
		e.Client, e.Environment = x.client.key, x.client.env
	}
	e.Changes, e.Left, x.seen = x.bridge.table.Take()
	x.beginJournaled()
	x.sent = time.Since(x.began)
	return e
}

// needs adds to an event of the lane what its handlers need.
func (b *Bridge) needs(e *protocol.Event, kind protocol.Kind, m *isolation.RunMode) {
	e.Kind, e.Sockets, e.Own, e.Globals, e.AnyGlobal = kind, m.Sockets, !m.Whole && !m.Outside, m.Globals, m.AnyGlobal
	e.Watch = b.isWatched(kind, m)
}

// enter does what no event before is to see, and what those after it are.
func (x *laneEvent) enter() {
	if x.kind == protocol.Closing && x.client != nil {
		x.client.terminate()
	}
}

// Apply implements protocol.Exchange.
func (x *laneEvent) Apply(e *protocol.Effect) { x.sends.carryOut(e) }

// Long implements protocol.Exchange.
func (x *laneEvent) Long(worker int, took time.Duration) { x.warnLong(worker, took) }

// End implements protocol.Exchange. What the event has changed counts when what it sends is sent.
func (x *laneEvent) End(err error) {
	x.bridge.totals.running.Add(-1)
	took := time.Since(x.began)
	x.event.Timing.Exchange = took - x.sent
	now := x.began.Add(took)
	x.span.spent(x.began.Add(x.sent), now)
	if !x.sends.waits && !x.sends.entered || x.sends.end(func() {}, func() { x.commit(time.Now(), err) }) {
		x.commit(now, err)
	}
}

func (x *laneEvent) commit(now time.Time, err error) {
	defer x.bridge.uncommitted.Add(-1)
	if x.isSecond() {
		x.handshake.settle()
	}
	done, err := x.finish(x.queued, now, err)
	if done != nil {
		x.bridge.scheduler.SetPace(x.bridge.lanePace.add(time.Duration(done.Took * float64(time.Second))))
		x.d.commitChange(rows.Change{Rows: done.Rows, Globals: done.Globals, Followed: true, Seen: x.seen, Bound: done.Bound})
		x.bridge.markHeld(done.Held)
		done.Rows, done.Globals = nil, nil
	}
	x.ended(done, err)
}

// Alone implements protocol.Exchange.
func (x *laneEvent) Alone() {
	defer x.bridge.uncommitted.Add(-1)
	_ = x.bridge.sends.awaitLane(x.bridge.base) // if that ends, no event runs
	x.bridge.totals.running.Add(-1)
	if x.isSecond() && !x.handshake.settle() {
		x.ended(nil, nil)
		return
	}
	x.d.stateless = true
	x.enter()
	done, err := x.d.run(x.kind, x.event.Payload)
	x.ended(done, err)
}

// waitInLane runs an event in the lane and blocks until it has ended.
func (d *dispatcher) waitInLane(lane Lane, kind protocol.Kind, payload []byte, mode *isolation.RunMode) (done *protocol.Done, err error) {
	ended := make(chan struct{})
	x := &laneEvent{then: func(result *protocol.Done, failure error) {
		done, err = result, failure
		close(ended)
	}}
	x.run(lane, d, kind, payload, mode)
	<-ended
	return done, err
}

// runQueued runs the event of a queue in the lane and returns at once. It reports false if the event cannot run there any more.
func (x *laneEvent) runQueued() bool {
	e, d := x.of, &x.own
	b := e.bridge
	mode := b.app.Load().RunMode(e.kind)
	lane := d.lane(e.kind, mode)
	if !mode.Handled || lane == nil || !d.turn.Covers(mode.Alone, true) {
		return false
	}
	if err := d.mayRun(); err != nil {
		b.spawn(func() { x.d = d; x.ended(nil, err) })
		return true
	}
	x.run(lane, d, e.kind, e.payload, mode)
	return true
}

// mayRun returns why an event that has its turn must not run: its client has left, its caller no longer waits, or a drain has run out of
// time.
func (d *dispatcher) mayRun() error {
	if d.bridge.base.Err() != nil {
		return context.Cause(d.bridge.base)
	}
	if d.client != nil && d.client.hasLeft() {
		return outcome.ErrGone
	}
	if d.waiter != nil && !d.waiter.claim() {
		return errCanceled
	}
	return nil
}
