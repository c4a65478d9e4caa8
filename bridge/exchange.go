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

// exchange is one run of an event in PHP.
type exchange struct {
	bridge *Bridge
	client *client // nil: the server's event
	kind   protocol.Kind
	mode   *isolation.RunMode
	event  protocol.Event // as PHP gets it

	waiter   *waiter           // nil: none
	recorder *observe.Recorder // nil: its effects are not recorded

	applyTime time.Duration
	made      observe.Made
	done      *protocol.Done
	failure   *protocol.Failure
	missed    map[int64]bool // clients to which something was not sent
}

// exchange runs one event in PHP in the given mode and blocks until it has ended. The dispatcher must have a turn. While php-fpm is away it
// tries again, since no handler has run then. Errors are logged.
func (d *dispatcher) exchange(payload []byte, mode *isolation.RunMode) (*protocol.Done, error) {
	b, queued := d.bridge, d.queueTime()
	x := &exchange{bridge: b, client: d.client, kind: d.kind, mode: mode, waiter: d.waiter}
	x.event.Seq = d.seq
	x.recorder = x.newRecorder()
	b.totals.running.Add(1)
	defer b.totals.running.Add(-1)
	began := time.Now()
	err := b.retryWhileAway(func() error { return x.run(payload) }, x.waitsForPHP())
	if errors.Is(err, outcome.ErrGone) {
		return nil, err // the client left while php-fpm was away, and no handler has run
	}
	if err == nil && x.failure != nil {
		err = x.failure
	}
	if !isChanged(err) {
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

// run makes the request. Effects are applied as they arrive.
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
	defer func() { x.applyTime += time.Since(began) }()
	before := x.made
	err := x.apply(e)
	if x.recorder != nil {
		x.recorder.Record(e, x.made.Less(before))
	}
	return err
}

// observation returns where the time went. queue is the time before the turn.
func (x *exchange) observation(queue time.Duration, err error) observe.Observation {
	o := observe.Observation{Kind: x.kind, Failure: outcome.Of(err).Name, Queue: queue, Connect: x.event.Timing.Connect, Apply: x.applyTime}
	if x.done != nil {
		o.Run = time.Duration(x.done.Took * float64(time.Second))
	}
	o.Wait = max(0, x.event.Timing.Exchange-o.Run-o.Apply)
	return o
}

// prepare makes the event for the run mode, with the current rows and global variables. The error is outcome.ErrGone.
func (x *exchange) prepare(payload []byte) error {
	b, m, e := x.bridge, x.mode, &x.event
	*e = protocol.Event{Kind: x.kind, Seq: e.Seq, Payload: payload, Code: m.Code, Whole: m.Whole, Sockets: m.Sockets,
		Globals: m.Globals, AnyGlobal: m.AnyGlobal, Result: x.waiter != nil}
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

// log returns a logger for this event. It is made only when it is needed, as most events log nothing.
func (x *exchange) log() *slog.Logger {
	log := x.bridge.log
	if x.client != nil {
		log = x.client.log
	}
	return log.With(keyEvent, x.kind, keySeq, x.event.Seq)
}

// waitsForPHP reports whether the event waits for php-fpm when that is away. Events of a handshake do not.
func (x *exchange) waitsForPHP() bool {
	if x.kind == protocol.Closing {
		ending, _, _ := x.client.howEnded()
		return ending != outcome.EndedRefused
	}
	return x.kind != protocol.Authenticate
}
