package traces

import (
	"context"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/protocol"
)

// header is the field that names a trace (W3C Trace Context, 3.2).
const header = "Traceparent"

// tracer makes the spans of a client's events, or of all that belong to no trace of others.
type tracer struct {
	spans  trace.Tracer
	room   *room
	parent context.Context // has the client's span, or none
}

var _ observe.Tracer = (*tracer)(nil)

// Of implements observe.Tracer. Header fields that are not as they should be name no trace, and neither do two of them.
func (t *tracer) Of(handshake http.Header) observe.Tracer {
	if len(handshake[header]) != 1 {
		return t
	}
	parent := propagation.TraceContext{}.Extract(context.Background(), propagation.HeaderCarrier(handshake))
	if !trace.SpanContextFromContext(parent).IsValid() {
		return t
	}
	return &tracer{t.spans, t.room, parent}
}

// Handshake implements observe.Tracer.
func (t *tracer) Handshake() http.Header {
	h := http.Header{}
	propagation.TraceContext{}.Inject(t.parent, propagation.HeaderCarrier(h))
	return h
}

// Begin implements observe.Tracer.
func (t *tracer) Begin(kind protocol.Kind, came time.Time) observe.Span {
	ctx, s := t.spans.Start(t.parent, string(kind), trace.WithTimestamp(came), trace.WithSpanKind(kindOf(kind)))
	return &span{Span: s, tracer: t, ctx: ctx, came: came}
}

func kindOf(kind protocol.Kind) trace.SpanKind {
	switch {
	case kind == protocol.Fifo:
		return trace.SpanKindConsumer
	case protocol.IsServerHandler(kind.Handlers()[0]):
		return trace.SpanKindInternal
	}
	return trace.SpanKindServer
}
