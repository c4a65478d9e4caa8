package bridge

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/bridge/rows"
	"github.com/wsbridge/wsbridge/protocol"
)

// retryInterval is how often, on average, an event asks for a php-fpm that is away. A restart takes it a few hundred
// milliseconds, and those that have their turn shall not all ask in the same instant.
const retryInterval = 100 * time.Millisecond

// bring queues an event of c, and reports whether it will run. A client that brings more than there is room for is closed.
func (c *client) bring(e errand) bool {
	e.room = c.bridge.backlog
	if !e.room.take(len(e.payload)) {
		c.turnAway(outcome.ErrNoRoom)
		return false
	}
	if !c.events.put(e) {
		e.room.give(len(e.payload))
		return false
	}
	return true
}

// turnAway ends a client whose event found no room or no time.
func (c *client) turnAway(why error) {
	if !c.hasEnded() {
		c.bridge.over.closes(why)
		c.end(outcome.EndedBusy)
	}
}

// run takes an event of c from its mailbox through PHP.
func (c *client) run(e errand) {
	t := &turn{bridge: c.bridge, client: c, ctx: c.bridge.base, limit: c.bridge.cfg().QueueWait, since: e.since}
	if e.kind == protocol.Closing {
		c.close(t)
		return
	}
	done, err := t.run(e.kind, e.payload)
	e.finish(done, err)
	if err != nil {
		c.failed(err)
	}
}

// close runs the close event, which waits for its turn as long as the server lives. Whatever PHP makes of it, the client
// has left afterwards.
func (c *client) close(t *turn) {
	switch ending, _, _ := c.how(); ending {
	case outcome.EndedByHangup, outcome.EndedSlow, outcome.EndedSilent: // nothing can be sent to it
		c.bridge.table.Apply(rows.Change{Key: c.key, Step: rows.Terminated})
	}
	t.limit, t.hasty, t.lane, t.ctx = 0, false, laneClose, c.bridge.base
	if _, err := t.run(protocol.Closing, nil); errors.Is(err, outcome.ErrDrained) || errors.Is(err, outcome.ErrStopped) {
		t.note(c.log).Error("close handlers did not run", keyError, err)
	}
	c.leave()
}

// failed decides what a failed event means for its client.
func (c *client) failed(err error) {
	switch ending := outcome.Of(err).Ending; {
	case ending == outcome.EndedBusy:
		c.turnAway(err)
	case ending == outcome.EndedFailed && c.bridge.cfg().CloseOnError:
		c.end(ending)
	}
}

// serve takes an event of the server through PHP.
func (b *Bridge) serve(e errand) {
	t := b.serverTurn()
	t.since, t.injection = e.since, e.injection
	e.finish(t.run(e.kind, e.payload))
}

// serverTurn is a turn of the server's, for as long as that lives.
func (b *Bridge) serverTurn() *turn { return &turn{bridge: b, ctx: b.base} }

// ask brings one event to PHP as p says and waits until it is over; the caller has the turn. While php-fpm is away it asks
// again, as long as no handler can have run. It logs what went wrong.
func (b *Bridge) ask(t *turn, payload []byte, p *isolation.RunMode) (*protocol.Done, error) {
	queued := t.queued()
	x := &exchange{bridge: b, client: t.client, kind: t.kind, plan: p, injection: t.injection}
	x.event.Seq = t.seq
	x.watch()
	b.totals.running.Add(1)
	defer b.totals.running.Add(-1)
	began := time.Now()
	err := b.persist(func() error { return x.run(payload) }, x.mayWait())
	if err == nil && x.failure != nil {
		err = x.failure
	}
	if !isChange(err) {
		o := x.observation(queued, err)
		o.Total = queued + time.Since(began)
		b.conclude(x, payload, o, err)
	}
	if err != nil {
		x.logFailure(err)
		return nil, err
	}
	if x.done == nil {
		return &protocol.Done{}, nil
	}
	return x.done, nil
}

// recovered ends an outage, if there is one.
func (b *Bridge) recovered() {
	if b.outage.over() {
		b.log.Info("php-fpm is back")
	}
}

// persist calls f until it does not fail for want of php-fpm. All events share one outage: those that come late in it
// wait only for its rest.
func (b *Bridge) persist(f func() error, wait bool) error {
	for {
		err := f()
		if !errors.Is(err, protocol.ErrUnavailable) && !errors.Is(err, protocol.ErrOverloaded) {
			b.recovered()
			return err
		}
		since, first := b.outage.began()
		if first {
			b.log.Error("php-fpm is away", keyError, err)
		}
		if !wait || errors.Is(err, protocol.ErrRefused) || b.hasty.Load() || time.Since(since) > b.cfg().UnavailableWait {
			return err
		}
		select {
		case <-time.After(retryInterval/2 + rand.N(retryInterval)):
		case <-b.base.Done():
			return err
		}
	}
}
