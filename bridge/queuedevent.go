package bridge

import (
	"time"

	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/bridge/schedule"
	"github.com/wsbridge/wsbridge/protocol"
)

// queuedEvent is an event in the queue of a client, or of the server.
type queuedEvent struct {
	bridge    *Bridge
	client    *client // nil: the server
	kind      protocol.Kind
	payload   []byte
	since     time.Time // when it was queued
	inBacklog bool      // it has room in the backlog
	// onEnd, if not nil, is called when the event has ended, or with nils when it was dropped.
	onEnd  func(*protocol.Done, error)
	waiter *waiter // nil: none

	terms schedule.Terms // as last returned by Terms
}

var _ schedule.Event = (*queuedEvent)(nil)

// Size implements schedule.Event.
func (e *queuedEvent) Size() int { return len(e.payload) }

// Terms implements schedule.Event. Close events and events of the server may wait without a limit.
func (e *queuedEvent) Terms() schedule.Terms {
	app := e.bridge.app.Load()
	e.terms = schedule.Terms{Free: !app.Has(e.kind), Alone: app.RunMode(e.kind).Alone}
	switch {
	case e.client == nil:
	case e.kind == protocol.Closing:
		e.terms.Class, e.terms.Session = schedule.Close, e.client.session
	default:
		e.terms.Session, e.terms.Limit = e.client.session, e.bridge.cfg().QueueWait
	}
	return e.terms
}

// Run implements schedule.Event.
func (e *queuedEvent) Run(turn *schedule.Turn, err error) {
	d := &dispatcher{bridge: e.bridge, client: e.client, ctx: e.bridge.base, turn: turn, terms: e.terms, waiter: e.waiter, since: e.since}
	defer func() {
		if d.turn != turn { // the code has changed, and the event needed another turn
			d.end()
		}
	}()
	if e.client != nil && e.kind == protocol.Closing {
		e.client.close(d, err)
		return
	}
	var done *protocol.Done
	if err == nil {
		done, err = d.run(e.kind, e.payload)
	} else if e.client == nil && e.kind != protocol.Loop { // a client learns of its own by how it ends; a missed loop is no loss
		e.bridge.logFailure(e.bridge.log.With(keyEvent, e.kind), e.kind, 0, err)
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

// enqueue queues an event of c, and blocks while c's queue is full. It reports whether the event is queued. If there is no room in the
// backlog, c is ended.
func (c *client) enqueue(kind protocol.Kind, payload []byte, onEnd func(*protocol.Done, error)) bool {
	b := c.bridge
	if !b.backlog.Acquire(len(payload)) {
		c.turnAway(outcome.ErrNoRoom)
		return false
	}
	e := &queuedEvent{bridge: b, client: c, kind: kind, payload: payload, since: time.Now(), inBacklog: true, onEnd: onEnd}
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
