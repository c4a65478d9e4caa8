package bridge

import (
	"errors"
	"log/slog"
	"time"

	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/protocol"
)

// exchange is one event on its way through PHP.
type exchange struct {
	bridge *Bridge
	client *client // nil: the server's
	kind   protocol.Kind
	plan   *plan
	event  protocol.Event // what PHP gets to see

	injection *injection // if somebody waits for it; else nil
	trace     *tracing   // nil: nobody looks at it

	applied time.Duration // spent in apply
	made    Made
	done    *protocol.Done
	failure *protocol.Failure
	missed  map[int64]bool // clients that could not be sent to, each reported once
}

// run makes the request; effects are applied as they arrive.
func (x *exchange) run(payload []byte) error {
	var env []byte
	if x.client != nil {
		env = x.client.env
	}
	for {
		x.prepare(payload)
		php := x.bridge.cfg().PHP
		err := php.Run(x.bridge.base, env, x.timedApply, &x.event)
		if !errors.Is(err, protocol.ErrUnavailable) || php == x.bridge.cfg().PHP {
			return err
		}
		// A reload has replaced it meanwhile. Nothing was sent.
	}
}

func (x *exchange) timedApply(e *protocol.Effect) error {
	began := time.Now()
	defer func() { x.applied += time.Since(began) }()
	before := x.made
	err := x.apply(e)
	if x.trace != nil {
		x.trace.note(e, x.made.less(before))
	}
	return err
}

// observation tells where the time went, after queue until the turn came.
func (x *exchange) observation(queue time.Duration, err error) Observation {
	o := Observation{Kind: x.kind, Failure: outcome.Of(err).Name, Queue: queue, Connect: x.event.Trip.Connect, Apply: x.applied}
	if x.done != nil {
		o.Run = time.Duration(x.done.Took * float64(time.Second))
	}
	o.Wait = max(0, x.event.Trip.Exchange-o.Run-o.Apply)
	return o
}

// prepare makes the event as the plan says. Rows and global variables are those of now.
func (x *exchange) prepare(payload []byte) {
	b, p, e := x.bridge, x.plan, &x.event
	*e = protocol.Event{Kind: x.kind, Seq: e.Seq, Payload: payload, Code: p.code, Whole: p.whole, Sockets: p.sockets,
		Globals: p.globals, AnyGlobal: p.any, Result: x.injection != nil}
	if x.client != nil {
		e.Client = x.client.key
	}
	switch {
	case p.whole:
		e.Rows = b.table.snapshot()
	case x.client != nil:
		e.Rows = b.table.ownRow(x.client)
	}
	if p.open && !p.whole {
		e.Open = b.table.openKeys()
	}
	if len(p.values) > 0 {
		e.Values = b.globals.encode(p.values)
	}
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

// logFailure is the one place where a failed event is logged.
func (x *exchange) logFailure(err error) {
	if isChange(err) {
		return // it runs yet
	}
	f, ofPHP := errors.AsType[*protocol.Failure](err)
	x.remember(err)
	like := failure{kind: x.kind, name: outcome.Of(err).Name}
	if ofPHP {
		like.file, like.line = f.File, f.Line
	}
	if !x.bridge.failures.isFirst(like) {
		return
	}
	if ofPHP {
		log := x.log()
		if f.File != "" {
			log = log.With(keyFile, f.File, keyLine, f.Line)
		}
		log.Error("handler failed", keyError, string(f.Kind)+": "+f.Message)
		return
	}
	x.log().Error("event failed", keyError, err)
}
