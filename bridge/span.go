package bridge

import (
	"time"

	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/protocol"
)

// The places of observe.Course.
const (
	placeRequest = "request"
	placeAlone   = "alone"
	placeBeside  = "beside"
)

// eventSpan is the span of an event that runs. Nil: there are no traces; its methods then do nothing.
type eventSpan struct {
	observe.Span
	course observe.Course
}

// beginSpan begins the span of x, which came at that time, if there are traces.
func (x *exchange) beginSpan(came time.Time) {
	tracer := x.bridge.cfg().Tracer
	if tracer == nil {
		return
	}
	if x.client != nil && x.client.tracer != nil { // else it is of an event before the handshake
		tracer = x.client.tracer
	}
	x.span = &eventSpan{Span: tracer.Begin(x.kind, came), course: observe.Course{Place: placeRequest}}
	x.event.Trace = x.span.Traceparent()
}

// end ends it with a copy of t, so that t takes no memory of the heap where there are no traces.
func (s *eventSpan) end(t observe.Trace) { s.End(&t, &s.course) }

// runs notes where the event runs from now on.
func (s *eventSpan) runs(place string) {
	if s != nil {
		s.course.Place = place
	}
}

// sent notes that the event is given to PHP.
func (s *eventSpan) sent() {
	if s != nil {
		s.course.Sent = time.Now()
	}
}

// answered notes that it has ended there.
func (s *eventSpan) answered() {
	if s != nil {
		s.course.Answered = time.Now()
	}
}

// spent notes when the event was in PHP.
func (s *eventSpan) spent(from, to time.Time) {
	if s != nil {
		s.course.Sent, s.course.Answered = from, to
	}
}

// wrote notes when an effect was carried out.
func (s *eventSpan) wrote(e *protocol.Effect, from, to time.Time) {
	if s == nil || e.Close == nil && messageOf(e) == nil {
		return
	}
	if s.course.FirstWrite.IsZero() {
		s.course.FirstWrite = from
	}
	s.course.LastWrite = to
}
