package bridge

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/protocol"
)

// tracer is a Tracer that passes the ends of spans on to the test.
type tracer struct {
	client string // the User-Agent of its client
	spans  chan *span
}

func (t *tracer) Of(h http.Header) observe.Tracer { return &tracer{h.Get("User-Agent"), t.spans} }

func (t *tracer) Handshake() http.Header { return http.Header{"User-Agent": {t.client}} }

func (t *tracer) Begin(kind protocol.Kind, came time.Time) observe.Span {
	return &span{tracer: t, kind: kind, came: came}
}

type span struct {
	*tracer
	kind  protocol.Kind
	came  time.Time
	trace observe.Trace
	observe.Course
}

func (s *span) Traceparent() string { return "of " + string(s.kind) }

func (s *span) End(t *observe.Trace, c *observe.Course) {
	s.trace, s.Course = *t, *c
	s.spans <- s
}

func TestTracerIsToldWhereAnEventWas(t *testing.T) {
	told := make(chan string, 10)
	a := &standin{handlers: map[protocol.Kind]handler{
		protocol.Text: func(_ context.Context, e *protocol.Event, apply func(*protocol.Effect) error) string {
			told <- e.Trace
			apply(&protocol.Effect{Seq: e.Seq, Send: &protocol.Send{To: protocol.Recipients{Keys: []int64{1}}, Payload: e.Payload}})
			apply(&protocol.Effect{Seq: e.Seq, Log: &protocol.Log{Level: "info", Message: "x"}})
			return "null"
		},
	}}
	spans := make(chan *span, 10)
	s := serveApplication(t, a, func(c *Config) { c.Tracer = &tracer{"none", spans} })
	conn := s.connect()
	if s := <-spans; s.kind != protocol.Authenticate || s.client == "none" || !s.FirstWrite.IsZero() {
		t.Errorf("got %+v", s)
	}
	say(t, conn, "hello")
	if got := <-told; got != "of text" {
		t.Errorf("php was told %q", got)
	}
	e := <-spans
	if e.kind != protocol.Text || e.trace.Kind != protocol.Text || e.trace.Client != 1 || e.trace.Bytes != 5 || e.trace.Made.Sent != 1 || e.Place != "request" {
		t.Errorf("got %+v", e)
	}
	order := []time.Time{e.came, e.Sent, e.FirstWrite, e.LastWrite, e.Answered, e.trace.Time}
	for i, at := range order[1:] {
		if at.IsZero() || at.Before(order[i]) {
			t.Errorf("time %d of %v is before the one before it", i+1, order)
		}
	}
}
