package observe

import (
	"net/http"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// Tracer makes a span of each event, for distributed traces. Its methods may be called concurrently and must not block.
type Tracer interface {
	// Of returns the Tracer for the events of a client whose handshake had these header fields. If they name a trace, it makes
	// spans of that one.
	Of(handshake http.Header) Tracer
	// Handshake returns the header fields from which Of makes the same Tracer in another process; empty: any do.
	Handshake() http.Header
	// Begin begins the span of an event that came at that time. Each call is for one run of the event.
	Begin(kind protocol.Kind, came time.Time) Span
}

// Span is the span of one event. It must not be used concurrently.
type Span interface {
	// Traceparent returns the span's place in its trace, as the header field of that name has it (W3C Trace Context).
	Traceparent() string
	// End ends the span at the time of t, whose Kind may be another than that of Begin. It is not called if the event has not run.
	End(t *Trace, c *Course)
}

// Course says when an event was where. A time is zero if it was not there.
type Course struct {
	Place          string    // "request", "alone" or "beside": a request of its own, the alone worker or one beside it
	Sent, Answered time.Time // when it was given to PHP for the last time, and when it had ended there
	// From the first to the last of what PHP has it send and close: each is written to clients' sockets, or waits for them.
	FirstWrite, LastWrite time.Time
}
