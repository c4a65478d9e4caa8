package fastcgi

import (
	"errors"
	"fmt"

	"github.com/wsbridge/wsbridge/protocol"
)

// answerOrder checks that effects come in the order of the request's events, which PHP runs one after the other.
type answerOrder struct {
	events  []*protocol.Event
	ended   int  // events with their done or failed line
	started bool // there was an effect
}

// checkEvents returns an error if events cannot be one request.
func checkEvents(events []*protocol.Event) error {
	if len(events) == 0 {
		return errors.New("run exchange: no events")
	}
	first, last := events[0], uint64(0)
	for _, e := range events {
		if e.Seq <= last {
			return fmt.Errorf("run exchange: event %d after event %d", e.Seq, last)
		}
		if len(e.Environment) > maxContent {
			return fmt.Errorf("run exchange: environment of %d bytes", len(e.Environment))
		}
		if e.Parameters != first.Parameters {
			return fmt.Errorf("run exchange: events %d and %d do not both depend on their clients", first.Seq, e.Seq)
		}
		last = e.Seq
	}
	return nil
}

// accept refuses an effect of any event but the first that has not ended.
func (o *answerOrder) accept(e *protocol.Effect) error {
	o.started = true
	if o.ended == len(o.events) {
		return fmt.Errorf("%w: effect of event %d after the last event's end", protocol.ErrMalformed, e.Seq)
	}
	if want := o.events[o.ended].Seq; e.Seq != want {
		return fmt.Errorf("%w: effect of event %d in event %d", protocol.ErrMalformed, e.Seq, want)
	}
	if e.Last() {
		o.ended++
	}
	return nil
}

// after returns the events after the first that has not ended.
func (o *answerOrder) after() []*protocol.Event {
	if o.ended == len(o.events) {
		return nil
	}
	return o.events[o.ended+1:]
}

// unfinished returns the first event that has not ended, or nil.
func (o *answerOrder) unfinished() *protocol.Event {
	if o.ended == len(o.events) {
		return nil
	}
	return o.events[o.ended]
}
