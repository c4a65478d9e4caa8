package observe

import (
	"bytes"
	"encoding/json"
	"slices"
	"unicode/utf8"

	"github.com/wsbridge/wsbridge/protocol"
)

// Recorder records the effects of one event. The zero Recorder keeps no payloads. It must not be used concurrently.
type Recorder struct {
	trace    Trace
	payloads bool
}

// Record records one effect, and what it has made.
func (r *Recorder) Record(e *protocol.Effect, made Made) {
	effect, ok := r.effect(e, made)
	switch {
	case !ok:
	case len(r.trace.Effects) >= maxTraced:
		r.trace.More++
	default:
		r.trace.Effects = append(r.trace.Effects, effect)
	}
}

// Finish completes t, the event's trace, with what was recorded, the payload and the handler's result.
func (r *Recorder) Finish(t Trace, payload []byte, result json.RawMessage) *Trace {
	t.Effects, t.More = r.trace.Effects, r.trace.More
	t.Payload, t.Result = r.cut(payload), bytes.Clone(result)
	r.trace = t
	return &r.trace
}

func (r *Recorder) effect(e *protocol.Effect, made Made) (Effect, bool) {
	switch {
	case e.Send != nil:
		return Effect{Send: r.sent(e.Send, made)}, true
	case e.Frames != nil:
		s := r.sent(e.Frames, made)
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

func (r *Recorder) sent(s *protocol.Send, made Made) *Sent {
	to := protocol.Recipients{Open: s.To.Open, Keys: slices.Clone(s.To.Keys)} // s is valid only now
	return &Sent{To: to, Sockets: made.Sent, Binary: s.Binary, Bytes: len(s.Payload), Payload: r.cut(s.Payload)}
}

// cut returns a copy of the part of a payload that is kept; nil if payloads are not kept.
func (r *Recorder) cut(payload []byte) []byte {
	if !r.payloads {
		return nil
	}
	kept := payload[:min(len(payload), maxTracedPayload)]
	return bytes.Clone(trimPartialRune(kept))
}

// trimPartialRune removes an incomplete character from the end of a text.
func trimPartialRune(text []byte) []byte {
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
