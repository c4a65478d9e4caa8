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

// record tells all who want to know that an event is over, and how.
func (x *exchange) record(o observe.Observation, err error) {
	b := x.bridge
	b.cfg().Observer.Event(o)
	if err == nil {
		b.totals.done.Add(1)
	} else {
		b.totals.failed.Add(1)
	}
	if x.client == nil && x.recorder == nil {
		return
	}
	var result json.RawMessage
	if x.done != nil {
		x.made.Rows, result = len(x.done.Rows), x.done.Result
	}
	t := observe.Trace{Observation: o, Time: time.Now(), Seq: x.event.Seq, Client: x.event.Client, Bytes: len(x.event.Payload),
		Made: x.made, Fault: observe.NewFault(err)}
	if x.client != nil {
		x.client.history.Add(t)
	}
	if x.recorder == nil {
		return
	}
	whole := x.recorder.Finish(t, x.event.Payload, result)
	if x.injection != nil {
		x.injection.trace = whole
	}
	b.tails.Publish(whole)
}

// newRecorder returns what is to note the event's effects; nil if nobody wants to know them.
func (x *exchange) newRecorder() *observe.Recorder {
	var key int64
	if x.client != nil {
		key = x.client.key
	}
	r := x.bridge.tails.Recorder(x.kind, key)
	if r == nil && x.injection != nil {
		r = observe.NewRecorder()
	}
	return r
}

// logFailure is the one place where a failed event is logged, with the event's logger: the first of those alike in an interval. client is 0
// for the server.
func (b *Bridge) logFailure(log *slog.Logger, kind protocol.Kind, client int64, err error) {
	if isChange(err) {
		return // the event will run yet
	}
	b.incidents.Add(observe.Incident{Time: time.Now(), Kind: kind, Client: client, Fault: *observe.NewFault(err)})
	f, ofPHP := errors.AsType[*protocol.Failure](err)
	like := failure{kind: kind, name: outcome.Of(err).Name}
	if ofPHP {
		like.file, like.line = f.File, f.Line
	}
	if !b.failures.First(like) {
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
