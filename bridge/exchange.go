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

	silent   bool              // no handler runs: it is not recorded
	waiter   *waiter           // nil: none
	document uint64            // in the journal; 0: none
	recorder *observe.Recorder // nil: its effects are not recorded
	span     *eventSpan        // nil: there are no traces

	began     time.Time
	sends     eventSends // guards the fields below while the event runs
	applyTime time.Duration
	made      observe.Made
	done      *protocol.Done
	failure   *protocol.Failure
	missed    map[int64]bool // clients to which something was not sent

	together int // how many events the request has, if there are several
}

// exchange runs one event in PHP in the given mode and blocks until it has ended. The dispatcher must have a turn. While php-fpm is away it
// tries again, since no handler has run then. Errors are logged.
func (d *dispatcher) exchange(payload []byte, mode *isolation.RunMode) (*protocol.Done, error) {
	b, queued := d.bridge, d.queueTime()
	x := &exchange{}
	x.prepareFor(d, mode, queued)
	b.totals.running.Add(1)
	defer b.totals.running.Add(-1)
	x.began = time.Now()
	err := b.retryWhileAway(func() error { return x.run(payload) }, x.waitForPHP())
	x.sends.endAndWait(d.rest)
	if errors.Is(err, outcome.ErrGone) {
		return nil, err // the client left while php-fpm was away, and no handler has run
	}
	return x.finish(queued, time.Now(), err)
}

// prepareFor prepares x, which must be zero, for d's event, which has waited so long for its turn.
func (x *exchange) prepareFor(d *dispatcher, mode *isolation.RunMode, queued time.Duration) {
	x.bridge, x.client, x.kind, x.mode, x.waiter = d.bridge, d.client, d.kind, mode, d.waiter
	x.document = d.document
	x.event.Seq = d.seq
	x.sends.order, x.sends.maker = &d.bridge.sends, x
	if d.client != nil {
		x.sends.own = d.client.key
	}
	x.recorder = x.newRecorder()
	x.beginSpan(d.since.Add(-queued))
}

// finish records an event that ends now. queued is the time before its turn.
func (x *exchange) finish(queued time.Duration, now time.Time, err error) (*protocol.Done, error) {
	b := x.bridge
	if err == nil && x.failure != nil {
		err = x.failure
	}
	if x.kind == protocol.Closing && x.client.closesLater(err) {
		return nil, err // it has not run, and will
	}
	if !isChanged(err) && !x.silent {
		o := x.observation(queued, err)
		o.Total = queued + now.Sub(x.began)
		x.record(&o, now, err)
	}
	if err != nil {
		x.learnFailure(err)
		b.logFailure(x.log(), x.kind, x.event.Client, err)
		return nil, err
	}
	if x.done == nil {
		return &protocol.Done{}, nil
	}
	b.learn(x)
	return x.done, nil
}

// run makes the request. Effects are carried out as they arrive, or by endAndWait of sends.
func (x *exchange) run(payload []byte) (err error) {
	if err := x.prepare(payload); err != nil {
		return err
	}
	x.beginJournaled()
	defer func() { x.unbegin(err) }()
	x.span.sent()
	defer x.span.answered()
	watch := x.watch()
	defer watch.stop()
	if beside := x.bridge.cfg().Beside; beside != nil && x.mode.Beside {
		if ran, err := beside.Run(x.bridge.base, x.apply, &x.event, watch.runsIn); ran {
			x.span.runs(placeBeside)
			return err
		}
		watch.runsIn(0)
	}
	for {
		php := x.bridge.cfg().PHP
		err := php.Run(x.bridge.base, x.apply, &x.event)
		if !errors.Is(err, protocol.ErrUnavailable) || php == x.bridge.cfg().PHP {
			return err
		}
		// A reload has replaced it in the meantime. Nothing was sent.
	}
}

// apply is given each effect of PHP. It blocks as long as no more of what the event sends can be kept, see eventSends.
func (x *exchange) apply(e *protocol.Effect) error {
	x.sends.carryOut(e)
	return nil
}

// carryOut implements effectMaker.
func (x *exchange) carryOut(e *protocol.Effect) {
	if e.Last() && x.recorder == nil {
		x.perform(e)
		return
	}
	before := time.Since(x.began)
	if x.recorder == nil {
		x.perform(e)
	} else {
		made := x.made
		x.perform(e)
		x.recorder.Record(e, x.made.Less(made))
	}
	after := time.Since(x.began)
	x.applyTime += after - before
	x.span.wrote(e, x.began.Add(before), x.began.Add(after))
}

// holdsPHP implements effectMaker.
func (x *exchange) holdsPHP() {
	x.log().Warn("php waits: the messages of another event go first, and no more can be kept until it ends")
}

// observation returns where the time went. queue is the time before the turn.
func (x *exchange) observation(queue time.Duration, err error) observe.Observation {
	o := observe.Observation{Kind: x.kind, Failure: outcome.Of(err).Name, Queue: queue, Connect: x.event.Timing.Connect, Apply: x.applyTime,
		Together: x.together}
	if x.done != nil {
		o.Run = time.Duration(x.done.Took * float64(time.Second))
	}
	o.Wait = max(0, x.event.Timing.Exchange-o.Run-o.Apply)
	return o
}

// prepare makes the event for the run mode, with the current rows and global variables. The error is outcome.ErrGone.
func (x *exchange) prepare(payload []byte) error {
	b, m, e := x.bridge, x.mode, &x.event
	*e = protocol.Event{Kind: x.kind, Seq: e.Seq, Trace: e.Trace, Payload: payload, Code: m.Code, Whole: m.Whole, Sockets: m.Sockets,
		Globals: m.Globals, AnyGlobal: m.AnyGlobal, First: m.First, Linked: m.Linked, Result: x.waiter != nil, Parameters: m.Parameters,
		Clock: m.Shares && x.together == 0 && b.pace.Load().IsJudged(x.kind)}
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
	switch {
	case m.AnyGlobal: // also those that the code does not name
		e.Values = b.table.Globals(b.app.Load().NotForgotten(b.table.GlobalNames()))
	case len(m.Values) > 0:
		e.Values = b.table.Globals(m.Values)
	}
	return nil
}

// log returns a logger for this event. It is made only when it is needed, as most events log nothing.
func (x *exchange) log() *slog.Logger {
	log := x.bridge.log
	if x.client != nil {
		log = x.client.logger()
	}
	log = log.With(keyEvent, x.kind, keySeq, x.event.Seq)
	if x.event.Worker != 0 {
		log = log.With(keyWorker, x.event.Worker)
	}
	return log
}

// waitForPHP returns how long the event waits for php-fpm when that is away. Events of a handshake do not. Documents in the journal do, behind
// which others wait there.
func (x *exchange) waitForPHP() awayWait {
	ending := outcome.EndedByClient
	if x.kind == protocol.Closing {
		ending, _, _ = x.client.howEnded()
	}
	switch {
	case x.kind == protocol.Authenticate, ending == outcome.EndedRefused:
		return noWait
	case x.document != 0:
		return anyWait
	}
	return someWait
}
