package bridge

import (
	"errors"
	"log/slog"
	"time"

	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/protocol"
)

// exchange is one event on its way through PHP.
type exchange struct {
	bridge *Bridge
	client *client // nil: the server's
	kind   protocol.Kind
	mode   *isolation.RunMode
	event  protocol.Event // what PHP gets to see

	injection *injection        // if somebody waits for it; else nil
	recorder  *observe.Recorder // nil: nobody looks at it

	applied time.Duration // spent in apply
	made    observe.Made
	done    *protocol.Done
	failure *protocol.Failure
	missed  map[int64]bool // clients that could not be sent to, each reported once
}

// exchange brings one event to PHP as mode says and blocks until it is over; the caller has the turn. While php-fpm is away it asks again,
// as long as no handler can have run. It logs what went wrong.
func (d *dispatcher) exchange(payload []byte, mode *isolation.RunMode) (*protocol.Done, error) {
	b, queued := d.bridge, d.queued()
	x := &exchange{bridge: b, client: d.client, kind: d.kind, mode: mode, injection: d.injection}
	x.event.Seq = d.seq
	x.recorder = x.newRecorder()
	b.totals.running.Add(1)
	defer b.totals.running.Add(-1)
	began := time.Now()
	err := b.retryWhileAway(func() error { return x.run(payload) }, x.mayWait())
	if errors.Is(err, outcome.ErrGone) {
		return nil, err // it left during the wait for php-fpm, and no handler ran
	}
	if err == nil && x.failure != nil {
		err = x.failure
	}
	if !isChange(err) {
		o := x.observation(queued, err)
		o.Total = queued + time.Since(began)
		x.record(o, err)
	}
	if err != nil {
		b.logFailure(x.log(), x.kind, x.event.Client, err)
		return nil, err
	}
	if x.done == nil {
		return &protocol.Done{}, nil
	}
	return x.done, nil
}

// run makes the request; effects are applied as they arrive.
func (x *exchange) run(payload []byte) error {
	if err := x.prepare(payload); err != nil {
		return err
	}
	for {
		php := x.bridge.cfg().PHP
		err := php.Run(x.bridge.base, x.timedApply, &x.event)
		if !errors.Is(err, protocol.ErrUnavailable) || php == x.bridge.cfg().PHP {
			return err
		}
		// A reload has replaced it in the meantime. Nothing was sent.
	}
}

func (x *exchange) timedApply(e *protocol.Effect) error {
	began := time.Now()
	defer func() { x.applied += time.Since(began) }()
	before := x.made
	err := x.apply(e)
	if x.recorder != nil {
		x.recorder.Record(e, x.made.Less(before))
	}
	return err
}

// observation tells where the time went, after queue until the turn came.
func (x *exchange) observation(queue time.Duration, err error) observe.Observation {
	o := observe.Observation{Kind: x.kind, Failure: outcome.Of(err).Name, Queue: queue, Connect: x.event.Timing.Connect, Apply: x.applied}
	if x.done != nil {
		o.Run = time.Duration(x.done.Took * float64(time.Second))
	}
	o.Wait = max(0, x.event.Timing.Exchange-o.Run-o.Apply)
	return o
}

// prepare makes the event as the run mode says. Rows and global variables are those of now. The error is outcome.ErrGone.
func (x *exchange) prepare(payload []byte) error {
	b, m, e := x.bridge, x.mode, &x.event
	*e = protocol.Event{Kind: x.kind, Seq: e.Seq, Payload: payload, Code: m.Code, Whole: m.Whole, Sockets: m.Sockets,
		Globals: m.Globals, AnyGlobal: m.AnyGlobal, Result: x.injection != nil}
	if x.client != nil {
		e.Client, e.Environment = x.client.key, x.client.env
	}
	switch {
	case m.Whole:
		e.Rows = b.table.All()
	case x.client != nil:
		own, ok := b.table.Own(x.client.key)
		if !ok {
			return outcome.ErrGone
		}
		e.Rows = own
	}
	if m.Open && !m.Whole {
		e.Open = b.table.OpenRanges()
	}
	if len(m.Values) > 0 {
		e.Values = b.table.Globals(m.Values)
	}
	return nil
}

// log returns a logger for lines of this event. Most events write none.
func (x *exchange) log() *slog.Logger {
	log := x.bridge.log
	if x.client != nil {
		log = x.client.log
	}
	return log.With(keyEvent, x.kind, keySeq, x.event.Seq)
}

// mayWait reports whether the event waits for a php-fpm that is away; those of a handshake do not.
func (x *exchange) mayWait() bool {
	if x.kind == protocol.Closing {
		ending, _, _ := x.client.how()
		return ending != outcome.EndedRefused
	}
	return x.kind != protocol.Authenticate
}
