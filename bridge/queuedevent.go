package bridge

import (
	"time"

	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/bridge/schedule"
	"github.com/wsbridge/wsbridge/protocol"
)

// queuedEvent is an event of a client, or of the server, that waits in a queue.
type queuedEvent struct {
	bridge  *Bridge
	client  *client // nil: the server's
	kind    protocol.Kind
	payload []byte
	since   time.Time // when it was queued
	counted bool      // it takes room in the backlog
	// after, if not nil, is called when the event is over, and with nils if it never ran.
	after     func(*protocol.Done, error)
	injection *injection // if somebody waits for it; else nil
}

var _ schedule.Event = (*queuedEvent)(nil)

// Size implements schedule.Event.
func (e *queuedEvent) Size() int { return len(e.payload) }

// Terms implements schedule.Event. Events of the server and close events wait as long as the server lives.
func (e *queuedEvent) Terms() schedule.Terms {
	app := e.bridge.app.Load()
	t := schedule.Terms{Free: !app.Has(e.kind), Alone: app.RunMode(e.kind).Alone}
	switch {
	case e.client == nil:
	case e.kind == protocol.Closing:
		t.Class, t.Session = schedule.Close, e.client.session
	default:
		t.Session, t.Limit = e.client.session, e.bridge.cfg().QueueWait
	}
	return t
}

// Run implements schedule.Event.
func (e *queuedEvent) Run(turn *schedule.Turn, err error) {
	d := &dispatcher{bridge: e.bridge, client: e.client, ctx: e.bridge.base, turn: turn, injection: e.injection, since: e.since}
	defer func() {
		if d.turn != turn { // the code changed, and the event had to run in another turn
			d.end()
		}
	}()
	if e.client != nil && e.kind == protocol.Closing {
		e.client.close(d, err)
		return
	}
	d.terms.Session, d.terms.Limit = e.waiting()
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

// waiting tells how the event waits for another turn, should the code have changed since it got its own.
func (e *queuedEvent) waiting() (session string, limit time.Duration) {
	if e.client == nil {
		return "", 0
	}
	return e.client.session, e.bridge.cfg().QueueWait
}

// Drop implements schedule.Event.
func (e *queuedEvent) Drop() { e.finish(nil, nil) }

// finish is called once, when the event is over or will never run.
func (e *queuedEvent) finish(done *protocol.Done, err error) {
	if e.counted {
		e.bridge.backlog.Give(len(e.payload))
	}
	if e.after != nil {
		e.after(done, err)
	}
}

// enqueue queues an event of c, and reports whether it will run. A client that brings more than there is room for is closed.
func (c *client) enqueue(kind protocol.Kind, payload []byte, after func(*protocol.Done, error)) bool {
	b := c.bridge
	if !b.backlog.Take(len(payload)) {
		c.turnAway(outcome.ErrNoRoom)
		return false
	}
	e := &queuedEvent{bridge: b, client: c, kind: kind, payload: payload, since: time.Now(), counted: true, after: after}
	if !c.events.Put(e) {
		b.backlog.Give(len(payload))
		return false
	}
	return true
}

// enqueueClose queues the close event of c after its other events. It takes no room.
func (c *client) enqueueClose() {
	c.events.Last(&queuedEvent{bridge: c.bridge, client: c, kind: protocol.Closing, since: time.Now()})
}
