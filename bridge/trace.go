package bridge

import (
	"bytes"
	"encoding/json"
	"errors"
	"time"
	"unicode/utf8"

	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/protocol"
)

const (
	maxTraced        = 64       // effects of an event that are kept one by one
	maxTracedPayload = 64 << 10 // bytes of a payload
	maxFaultMessage  = 2 << 10  // bytes of an error's text: php adds a stack trace to some
)

// Trace is one event that is over: when, what it was, where its time went, what it made and how it ended. It is not to be
// changed.
type Trace struct {
	Observation

	Time   time.Time // when it was over
	Seq    uint64
	Client int64 // 0: the server
	Bytes  int   // of its payload
	Made   Made
	Fault  *Fault // nil: it did not fail

	// Only of an event that somebody watches.
	Payload []byte   // if asked for; at most 64 KiB of it
	Effects []Effect // in their order, at most 64
	More    int      // effects beyond those
	Result  json.RawMessage
}

// Made is what an event made, in numbers.
type Made struct {
	Sent      int // messages, counted once for each socket they were queued for
	SentBytes int
	Closed    int // clients
	Rows      int // rows changed
}

// Fault is how an event failed.
type Fault struct {
	Name    string // as outcome.Of
	Message string
	File    string // of the application; empty if PHP named none
	Line    int
}

// Effect is one thing that an event made: exactly one of its fields is set.
type Effect struct {
	Send  *Sent
	Close *protocol.Close
	Log   *protocol.Log
}

// Sent is a message, or with Frames those that the bytes given to do_reply are.
type Sent struct {
	To      protocol.Recipients
	Sockets int // it was queued for
	Binary  bool
	Frames  bool
	Bytes   int
	Payload []byte // if asked for; at most 64 KiB of it
}

func newFault(err error) *Fault {
	if err == nil {
		return nil
	}
	fault := &Fault{Name: outcome.Of(err).Name, Message: err.Error()}
	if f, ok := errors.AsType[*protocol.Failure](err); ok {
		fault.Message, fault.File, fault.Line = f.Message, f.File, f.Line
	}
	if len(fault.Message) > maxFaultMessage {
		fault.Message = string(bytes.ToValidUTF8([]byte(fault.Message[:maxFaultMessage]), nil)) + "…"
	}
	return fault
}

// tracing is a trace in the making.
type tracing struct {
	Trace
	payloads bool
}

// watch has what the event makes noted if anybody looks.
func (x *exchange) watch() {
	var key int64
	if x.client != nil {
		key = x.client.key
	}
	x.trace = x.bridge.tails.watch(x.kind, key)
	if x.trace == nil && x.injection != nil {
		x.trace = &tracing{}
	}
}

// note adds an effect, and what it has made.
func (w *tracing) note(e *protocol.Effect, made Made) {
	effect, ok := w.effect(e, made)
	switch {
	case !ok:
	case len(w.Effects) >= maxTraced:
		w.More++
	default:
		w.Effects = append(w.Effects, effect)
	}
}

func (w *tracing) effect(e *protocol.Effect, made Made) (Effect, bool) {
	switch {
	case e.Send != nil:
		return Effect{Send: w.sent(e.Send, made)}, true
	case e.Frames != nil:
		s := w.sent(e.Frames, made)
		s.Frames = true
		return Effect{Send: s}, true
	case e.Close != nil:
		return Effect{Close: e.Close}, true
	case e.Log != nil:
		return Effect{Log: e.Log}, true
	case e.Stray != "":
		return Effect{Log: &protocol.Log{Level: "info", Message: e.Stray}}, true
	}
	return Effect{}, false
}

func (w *tracing) sent(s *protocol.Send, made Made) *Sent {
	return &Sent{To: s.To, Sockets: made.Sent, Binary: s.Binary, Bytes: len(s.Payload), Payload: w.cut(s.Payload)}
}

// cut copies as much of a payload as is kept, if it is to be kept at all.
func (w *tracing) cut(payload []byte) []byte {
	if !w.payloads {
		return nil
	}
	kept := payload[:min(len(payload), maxTracedPayload)]
	return bytes.Clone(trimPart(kept))
}

// trimPart leaves out the beginning of a character at the end of a text, so that none is cut in two.
func trimPart(text []byte) []byte {
	for i := 1; i < utf8.UTFMax && i <= len(text); i++ {
		if whole, part := text[:len(text)-i], text[len(text)-i:]; utf8.RuneStart(part[0]) {
			if !utf8.FullRune(part) && utf8.Valid(whole) {
				return whole
			}
			break
		}
	}
	return text
}

// less returns what was made since before.
func (m Made) less(before Made) Made {
	return Made{m.Sent - before.Sent, m.SentBytes - before.SentBytes, m.Closed - before.Closed, m.Rows - before.Rows}
}

// conclude tells everybody who wants to know that an event is over.
func (b *Bridge) conclude(x *exchange, payload []byte, o Observation, err error) {
	b.cfg().Observer.Event(o)
	if err == nil {
		b.totals.done.Add(1)
	} else {
		b.totals.failed.Add(1)
	}
	if x.client == nil && x.trace == nil {
		return
	}
	if x.done != nil {
		x.made.Rows = len(x.done.Rows)
	}
	t := Trace{Observation: o, Time: time.Now(), Seq: x.event.Seq, Client: x.event.Client, Bytes: len(payload), Made: x.made,
		Fault: newFault(err)}
	if x.client != nil {
		x.client.history.add(newEntry(t))
	}
	if x.trace != nil {
		x.tell(t, payload)
	}
}

// tell hands the event to those who look at it.
func (x *exchange) tell(t Trace, payload []byte) {
	w := x.trace
	t.Effects, t.More, t.Payload = w.Effects, w.More, w.cut(payload)
	if x.done != nil {
		t.Result = bytes.Clone(x.done.Result)
	}
	w.Trace = t
	if x.injection != nil {
		x.injection.trace = &w.Trace
	}
	x.bridge.tails.publish(&w.Trace)
}
