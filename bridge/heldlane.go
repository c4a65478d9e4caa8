package bridge

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/protocol"
)

// heldLane is what there is to do while an event in the lane runs for long, perhaps for ever. No further event is given to the lane: these wait as
// events do for a turn, up to QueueWait. What the lane was given before cannot be taken back from PHP, so that its clients are turned away when
// that time is over, and it is dropped if the worker ends before it runs.
type heldLane struct {
	since atomic.Pointer[time.Time] // when the event began; nil: the lane is not held up

	mu    sync.Mutex // held by tendHeldLane, and guards the fields below
	timer *time.Timer
	cut   bool // the connections of those whose end had begun have ended
}

// heldInterval is how often it is looked which clients have waited too long.
const heldInterval = 100 * time.Millisecond

// HeldUp implements protocol.State.
func (s laneState) HeldUp(since time.Time) {
	b := s.bridge
	b.scheduler.HoldLane(true)
	b.held.mu.Lock()
	defer b.held.mu.Unlock()
	b.held.since.Store(&since)
	b.held.cut = false
	b.held.timer = time.AfterFunc(heldInterval, b.tendHeldLane)
}

// GoesOn implements protocol.State.
func (s laneState) GoesOn() {
	b := s.bridge
	b.held.mu.Lock()
	b.held.since.Store(nil)
	b.held.timer.Stop()
	b.held.mu.Unlock()
	b.scheduler.HoldLane(false)
}

// tendHeldLane is called by the timer.
func (b *Bridge) tendHeldLane() {
	leave, err := b.entrance.enter(upkeep)
	if errors.Is(err, ErrStopping) {
		return // a drain has limits of its own
	}
	if err == nil {
		defer leave()
	}
	b.held.mu.Lock()
	defer b.held.mu.Unlock()
	if b.held.since.Load() == nil {
		return
	}
	defer b.held.timer.Reset(heldInterval)
	if err != nil {
		return // a hand-over waits for the event itself, or is given up
	}
	if lane := b.cfg().Lane; lane != nil {
		for _, x := range lane.Behind() {
			x.(*laneEvent).giveUpIfLate() // all that runs in the lane is
		}
	}
	if _, isStuck := b.heldFor(); isStuck && !b.held.cut {
		b.held.cut = true
		b.cutEnded()
	}
}

// heldFor returns how long the event that holds up the lane has run, or 0 if none does, and whether that is so long that whoever has waited since
// is turned away.
func (b *Bridge) heldFor() (took time.Duration, isStuck bool) {
	if since := b.held.since.Load(); since != nil {
		took = time.Since(*since)
	}
	return took, took >= b.cfg().QueueWait
}

// cutEnded ends the connections of clients that only wait for their close events.
func (b *Bridge) cutEnded() {
	for _, c := range b.clients.all() {
		if c.hasEnded() {
			c.cut()
		}
	}
}

// cutsOff reports whether the connection of a client that ends now does not wait for its close event. An operator, and who is turned away, is not
// kept waiting: nothing more is sent to them.
func (b *Bridge) cutsOff(e outcome.Ending) bool {
	took, isStuck := b.heldFor()
	return isStuck || took > 0 && (e == outcome.EndedByOperator || e == outcome.EndedBusy)
}

// cut ends the connection of a client whose close event has yet to run.
func (c *client) cut() {
	c.markUnreachable()
	c.endConnection(c.upgraded.Load())
}

// giveUpIfLate turns the event's client away if that has waited for too long. The event has not ended, and may not even begin, until it returns.
func (x *laneEvent) giveUpIfLate() {
	switch {
	case x.handshake != nil:
		if !x.isSecond() && (x.isLate() || x.client.hasEnded()) {
			x.handshake.giveUp()
		}
	case x.client == nil, x.kind == protocol.Closing:
	case x.of != nil && x.isLate() && !x.gaveUp:
		x.gaveUp = true
		x.client.turnAway(outcome.ErrQueueWait)
	}
}

// isLate reports whether the event has waited for too long, if there is a limit.
func (x *laneEvent) isLate() bool {
	limit := x.d.terms.Limit
	return limit > 0 && x.queued+time.Since(x.began) >= limit
}

// IsAbandoned implements protocol.Exchange.
func (x *laneEvent) IsAbandoned() bool {
	switch h := x.handshake; {
	case h == nil:
		return x.gaveUp
	case x.isSecond():
		return h.isDropped()
	default:
		return h.drop()
	}
}

// Drop implements protocol.Exchange. Nothing is recorded of an event that has not run.
func (x *laneEvent) Drop() {
	x.bridge.totals.running.Add(-1)
	x.bridge.uncommitted.Add(-1)
	x.ended(nil, outcome.ErrQueueWait)
}
