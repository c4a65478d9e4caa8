package bridge

import (
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/protocol"
)

// record reports an event that ends now to the observer, the counts, the client's history, its trace and the tails.
func (x *exchange) record(o *observe.Observation, now time.Time, err error) {
	b := x.bridge
	b.cfg().Observer.Event(*o)
	if err == nil {
		b.totals.done.Add(1)
	} else {
		b.totals.failed.Add(1)
	}
	if x.client == nil && x.recorder == nil && x.span == nil {
		return
	}
	var result json.RawMessage
	if x.done != nil {
		x.made.Rows, result = len(x.done.Rows), x.done.Result
	}
	t := observe.Trace{Observation: *o, Time: now, Seq: x.event.Seq, Client: x.event.Client, Bytes: len(x.event.Payload),
		Worker: x.event.Worker, Made: x.made, Fault: observe.NewFault(err)}
	if x.client != nil {
		x.client.history.Add(&t)
	}
	if x.span != nil {
		x.span.end(t)
	}
	if x.recorder == nil {
		return
	}
	whole := x.recorder.Finish(t, x.event.Payload, result)
	if x.waiter != nil {
		x.waiter.trace = whole
	}
	b.tails.Publish(whole)
}

// Tail returns a Tail for the events that f selects. The caller must close it. The errors are observe's.
func (b *Bridge) Tail(f observe.Filter) (*observe.Tail, error) { return b.tails.Add(f) }

// Incidents returns the latest failures, at most 100, the last one first.
func (b *Bridge) Incidents() []observe.Incident { return b.incidents.All() }

// newRecorder returns a Recorder for the event's effects, or nil if they are not needed.
func (x *exchange) newRecorder() *observe.Recorder {
	var key int64
	if x.client != nil {
		key = x.client.key
	}
	r := x.bridge.tails.Recorder(x.kind, key)
	if r == nil && x.waiter != nil {
		r = &observe.Recorder{}
	}
	return r
}

// logFailure logs a failed event with the event's logger, unless an equal one was logged in this interval. Failed events are logged nowhere
// else. client is 0 for the server.
func (b *Bridge) logFailure(log *slog.Logger, kind protocol.Kind, client int64, err error) {
	if isChanged(err) {
		return // it will run again
	}
	b.incidents.Add(observe.Incident{Time: time.Now(), Kind: kind, Client: client, Fault: *observe.NewFault(err)})
	f, ofPHP := errors.AsType[*protocol.Failure](err)
	same := failure{kind: kind, name: outcome.Of(err).Name}
	if ofPHP {
		same.file, same.line = f.File, f.Line
	}
	if !b.failures.First(same) {
		return
	}
	if !ofPHP {
		log.Error("event failed", keyError, err)
		return
	}
	if f.File != "" {
		log = log.With(keyFile, f.File, keyLine, f.Line)
	}
	log.Error("handler failed", keyError, string(f.Kind)+": "+f.Message)
}
