package bridge

import (
	"cmp"
	"net/http"
	"sync"

	"github.com/wsbridge/wsbridge/bridge/door"
	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/bridge/schedule"
	"github.com/wsbridge/wsbridge/bridge/socket"
	"github.com/wsbridge/wsbridge/protocol"
)

// laneHandshake is a handshake in the lane. Its two events are given to the lane together: authenticate, and after it the open event, or the close
// event if authenticate refuses the client. PHP knows which, so that it need not wait for the 101, and nothing runs between the two, as in the
// original. The 101 is sent when authenticate has ended, before anything that the open event sends.
type laneHandshake struct {
	client        *client
	conn          *socket.Conn // whose 101 waits
	open, closing *isolation.RunMode
	closes        bool // the close event may run in the turn of the handshake

	first, second laneEvent
	refusal       *door.Refusal  // nil: none
	events        sync.WaitGroup // that have not ended

	mu       sync.Mutex // guards the fields below
	after    bool       // the worker was given the second event before the first had ended, and opens the row itself
	admitted bool       // the 101 is sent
	decided  bool       // authenticate has ended, or will not run
	gaveUp   bool       // another answer was given before
	dropped  bool       // neither event runs
}

// handshakeLane returns the lane if a handshake can run there, and whether its events have to run alone.
func (d *dispatcher) handshakeLane() (lane Lane, alone bool) {
	app := d.bridge.app.Load()
	first, second := app.RunMode(protocol.Authenticate), app.RunMode(protocol.Open)
	lane = d.lane(protocol.Authenticate, first)
	if lane == nil || !app.Has(protocol.Authenticate) || app.Has(protocol.Open) && d.lane(protocol.Open, second) == nil {
		return nil, false
	}
	return lane, first.Alone || second.Alone
}

// handshakeInLane runs a handshake in the lane, for which d has a turn. If the connection was taken over and the client is refused, that has
// still to be answered.
func (b *Bridge) handshakeInLane(lane Lane, d *dispatcher, w http.ResponseWriter, r *http.Request) (taken *socket.Conn, no *door.Refusal) {
	c := d.client
	if c.hasLeft() {
		return nil, &door.Refusal{Why: outcome.RefusedFailed}
	}
	conn, err := b.upgrader.Upgrade(w, r, b.socketOptions(c))
	if err != nil {
		c.logger().Info("handshake failed", keyError, err)
		return nil, b.abandon(c, &door.Refusal{}) // Upgrade has answered, if that was possible
	}
	app := b.app.Load()
	h := &laneHandshake{client: c, conn: conn, open: app.RunMode(protocol.Open), closing: app.RunMode(protocol.Closing)}
	// A close event of the journal is an event of its own, since the journal has to know before it is sent to PHP.
	h.closes = !c.owed.Load() && (d.turn.Covers(h.closing.Alone, true) || d.turn.BeAlone())
	h.first.own, h.second.own = *d, *d
	h.second.own.ctx, h.second.own.failFast = b.base, false // the client no longer waits for its handshake
	h.second.own.terms = schedule.Terms{Session: c.session, Limit: b.cfg().QueueWait}
	h.first.then, h.second.then = h.decide, h.end
	h.first.handshake, h.second.handshake = h, h
	h.first.prepareForLane(&h.first.own, protocol.Authenticate, nil, app.RunMode(protocol.Authenticate))
	h.second.own.since = h.first.own.since
	h.second.prepareForLane(&h.second.own, protocol.Open, nil, h.open)
	h.second.sends.maker = h
	h.events.Add(2)
	b.runInLane(lane, &h.first, &h.second)
	h.events.Wait()
	for _, x := range []*laneEvent{&h.first, &h.second} {
		if x.own.turn != d.turn { // the code has changed, and the event needed another turn
			x.own.end()
		}
	}
	if h.refusal != nil && h.refusal.Why != outcome.RefusedBusy && !h.closes && !c.hasLeft() {
		c.close(d, nil)
	}
	if h.hasGivenUp() {
		return conn, &door.Refusal{}
	}
	return conn, h.refusal
}

// decide is called when authenticate has ended. It must not block.
func (h *laneHandshake) decide(done *protocol.Done, err error) {
	defer h.events.Done()
	c, b := h.client, h.client.bridge
	if h.isDropped() {
		h.abandon()
		return
	}
	h.mu.Lock()
	h.decided = true
	h.mu.Unlock()
	h.refusal = b.verdict(c, done, err)
	if c.early.HasAnswered() && h.refusal == nil { // a WebSocket cannot begin with something else than 101
		h.refusal = &door.Refusal{Why: outcome.RefusedByHandler}
	}
	switch {
	case c.hasLeft(): // a handler has closed it, and has run its close handlers
		h.refusal = cmp.Or(h.refusal, &door.Refusal{Why: outcome.RefusedByHandler})
	case h.refusal == nil:
		h.admit()
	case h.refusal.Why == outcome.RefusedBusy:
		b.abandon(c, h.refusal)
	default:
		c.markEnded(outcome.EndedRefused, 0, "")
	}
}

// admit sends the 101.
func (h *laneHandshake) admit() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.admitted = h.client.opened(h.conn, h.after)
	if !h.admitted {
		h.conn.Abort()
		h.refusal = &door.Refusal{}
	}
}

func (h *laneHandshake) isAdmitted() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.admitted
}

// end is called when the second event has ended.
func (h *laneHandshake) end(_ *protocol.Done, err error) {
	defer h.events.Done()
	switch {
	case h.second.kind == protocol.Closing:
		h.client.closed(&h.second.own, err)
	default:
		h.client.keepRow()
		if err != nil {
			h.client.failed(err)
		}
	}
}

// needs adds to the second event what its handlers need.
func (h *laneHandshake) needs(e *protocol.Event) {
	b := h.client.bridge
	b.needs(e, protocol.Open, h.open)
	if !h.isBeforeEnd() {
		return
	}
	e.After = true
	if h.closes {
		e.Else = &protocol.Event{}
		b.needs(e.Else, protocol.Closing, h.closing)
	}
}

// isBeforeEnd reports whether the worker is given the second event before authenticate has ended. If not, because there was no room in the worker's
// queue or another worker has run authenticate, the worker learns from the changes of rows that the client is open.
func (h *laneHandshake) isBeforeEnd() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.after = h.after || !h.admitted
	return !h.admitted
}

// settle makes the second event the one that it has turned out to be, once authenticate has ended. It reports false if there is no second event.
func (h *laneHandshake) settle() bool {
	x := &h.second
	if x.kind == protocol.Open && !h.isAdmitted() {
		if !h.closes {
			x.silent = true
			return false
		}
		x.kind, x.mode = protocol.Closing, h.closing
		x.recorder = x.newRecorder()
	}
	x.silent = !x.bridge.app.Load().Has(x.kind)
	return true
}

// carryOut implements effectMaker for the second event.
func (h *laneHandshake) carryOut(e *protocol.Effect) {
	h.settle()
	h.second.exchange.carryOut(e)
}

// holdsPHP implements effectMaker.
func (h *laneHandshake) holdsPHP() { h.second.holdsPHP() }
