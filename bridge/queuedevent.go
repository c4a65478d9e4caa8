package bridge

import (
	"time"

	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/bridge/schedule"
	"github.com/wsbridge/wsbridge/protocol"
)

// queuedEvent is an event in the queue of a client, or of the server.
type queuedEvent struct {
	schedule.Place
	bridge    *Bridge
	client    *client // nil: the server
	kind      protocol.Kind
	payload   []byte
	since     time.Time // when it was queued
	inBacklog bool      // it has room in the backlog
	// onEnd, if not nil, is called when the event has ended, or with nils when it was dropped or is a close event.
	onEnd  func(*protocol.Done, error)
	waiter *waiter // nil: none
	single bool    // it does not share a request
	// document is the number of the document in the journal; 0: it is not there.
	document uint64
}

var _ schedule.Event = (*queuedEvent)(nil)

// Size implements schedule.Event.
func (e *queuedEvent) Size() int { return len(e.payload) }

// Terms implements schedule.Event. Close events and events of the server may wait without a limit.
func (e *queuedEvent) Terms() schedule.Terms {
	mode := e.bridge.app.Load().RunMode(e.kind)
	terms := schedule.Terms{Free: !mode.Handled, Alone: mode.Alone, Lane: e.bridge.inLane(e.kind, e.client, mode), Share: e.share(mode)}
	switch {
	case e.client == nil:
	case e.kind == protocol.Closing:
		terms.Class, terms.Session = schedule.Close, e.client.session
	default:
		terms.Session, terms.Limit = e.client.session, e.bridge.cfg().QueueWait
	}
	return terms
}

// Run implements schedule.Event.
func (e *queuedEvent) Run(turn *schedule.Turn, err error) (ended bool) {
	if terms := e.Given(); err != nil || !terms.Lane || terms.Free {
		d := &dispatcher{}
		e.prepare(d, turn)
		if err != nil || !e.runShared(d) {
			e.runHere(d, err)
		}
		return true
	}
	x := &laneEvent{of: e, turn: turn}
	if e.prepare(&x.own, turn); !x.runQueued() { // the code or the configuration has changed
		e.bridge.spawn(func() { e.runHere(&x.own, nil); turn.End() })
	}
	return false
}

// prepare prepares d, which must be zero, to run the event in its turn.
func (e *queuedEvent) prepare(d *dispatcher, turn *schedule.Turn) {
	d.bridge, d.client, d.ctx, d.turn, d.terms, d.waiter, d.since = e.bridge, e.client, e.bridge.base, turn, *e.Given(), e.waiter, e.since
	d.document = e.document
}

// runHere runs the event and blocks until it has ended. err says why it does not get a turn.
func (e *queuedEvent) runHere(d *dispatcher, err error) {
	turn := d.turn
	defer func() {
		if d.turn != turn { // the code has changed, and the event needed another turn
			d.end()
		}
	}()
	if e.client != nil && e.kind == protocol.Closing {
		e.client.close(d, err)
		e.finish(nil, nil)
		return
	}
	var done *protocol.Done
	if err == nil {
		done, err = d.run(e.kind, e.payload)
	} else if e.client == nil && e.kind != protocol.Loop { // a client learns of its own by how it ends; a missed loop is no loss
		e.bridge.logFailure(e.bridge.log.With(keyEvent, e.kind), e.kind, 0, err)
	}
	e.ended(d, done, err)
}

// ended is called when the event has ended, or will not run.
func (e *queuedEvent) ended(d *dispatcher, done *protocol.Done, err error) {
	if e.client != nil && e.kind == protocol.Closing {
		e.client.closed(d, err)
		e.finish(nil, nil)
		return
	}
	if e.document != 0 && !hasNotRun(err) {
		e.bridge.journal.Load().End(e.document)
	}
	e.finish(done, err)
	if err != nil && e.client != nil {
		e.client.failed(err)
	}
}

// Drop implements schedule.Event.
func (e *queuedEvent) Drop() { e.finish(nil, nil) }

func (e *queuedEvent) finish(done *protocol.Done, err error) {
	if e.inBacklog {
		e.bridge.backlog.Release(len(e.payload))
	}
	if e.onEnd != nil {
		e.onEnd(done, err)
	}
}

// enqueue queues an event of c, which has come now, and blocks while c's queue is full. It reports whether the event is queued. If there is no room in the
// backlog, c is ended.
func (c *client) enqueue(kind protocol.Kind, payload []byte, now time.Time, onEnd func(*protocol.Done, error)) bool {
	b := c.bridge
	if !b.backlog.Acquire(len(payload)) {
		c.turnAway(outcome.ErrNoRoom)
		return false
	}
	e := &queuedEvent{bridge: b, client: c, kind: kind, payload: payload, since: now, inBacklog: true, onEnd: onEnd}
	if !c.events.Put(e) {
		b.backlog.Release(len(payload))
		return false
	}
	return true
}

// enqueueClose queues the close event of c after its other events. It needs no room in the backlog.
func (c *client) enqueueClose() {
	c.events.Last(&queuedEvent{bridge: c.bridge, client: c, kind: protocol.Closing, since: time.Now()})
}
