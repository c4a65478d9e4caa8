package fastcgi

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/wsbridge/wsbridge/protocol"
)

// ledger checks effects against the request's events, which PHP runs one after the other.
type ledger struct {
	events []*protocol.Event
	ended  int  // how many have their done or failed line
	begun  bool // there was an effect
}

// checkEvents refuses events that cannot be one request.
func checkEvents(events []*protocol.Event) error {
	if len(events) == 0 {
		return errors.New("run exchange: no events")
	}
	first, last := events[0], uint64(0)
	if len(first.Environment) > maxContent {
		return fmt.Errorf("run exchange: environment of %d bytes", len(first.Environment))
	}
	for _, e := range events {
		if e.Seq <= last {
			return fmt.Errorf("run exchange: event %d after event %d", e.Seq, last)
		}
		if !bytes.Equal(e.Environment, first.Environment) {
			return fmt.Errorf("run exchange: event %d has another environment than event %d, and a request has one", e.Seq, first.Seq)
		}
		last = e.Seq
	}
	return nil
}

// enter accepts an effect of the event whose turn it is.
func (l *ledger) enter(e *protocol.Effect) error {
	l.begun = true
	if l.ended == len(l.events) {
		return fmt.Errorf("%w: effect of event %d after the last event's end", protocol.ErrMalformed, e.Seq)
	}
	if turn := l.events[l.ended].Seq; e.Seq != turn {
		return fmt.Errorf("%w: effect of event %d in event %d", protocol.ErrMalformed, e.Seq, turn)
	}
	if e.Last() {
		l.ended++
	}
	return nil
}

// missing returns the first event without its last line, or nil.
func (l *ledger) missing() *protocol.Event {
	if l.ended == len(l.events) {
		return nil
	}
	return l.events[l.ended]
}
