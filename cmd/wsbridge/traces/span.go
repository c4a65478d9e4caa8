package traces

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/wsbridge/wsbridge/bridge/observe"
)

// span is the span of an event.
type span struct {
	trace.Span
	tracer *tracer
	ctx    context.Context // has it
	came   time.Time
}

// Traceparent implements observe.Span. Of an event that is not traced it says so.
func (s *span) Traceparent() string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(s.ctx, carrier)
	return carrier["traceparent"]
}

// part is a part of an event's time, and a span below the event's.
type part struct {
	name       string
	from, to   time.Time
	attributes []attribute.KeyValue
}

// End implements observe.Span.
func (s *span) End(t *observe.Trace, c *observe.Course) {
	if !s.IsRecording() {
		return
	}
	parts := s.parts(t, c)
	if !s.tracer.room.take(1 + len(parts)) {
		return
	}
	for _, p := range parts {
		_, child := s.tracer.spans.Start(s.ctx, p.name, trace.WithTimestamp(p.from), trace.WithAttributes(p.attributes...))
		child.End(trace.WithTimestamp(p.to))
	}
	s.SetName(string(t.Kind))
	s.SetAttributes(attributes(t, c)...)
	if f := t.Fault; f != nil {
		s.SetAttributes(fault(f)...)
		s.SetStatus(codes.Error, f.Name+": "+f.Message)
	}
	s.Span.End(trace.WithTimestamp(t.Time))
}

// parts returns where the event was.
func (s *span) parts(t *observe.Trace, c *observe.Course) []part {
	parts := []part{{name: "queue", from: s.came, to: s.came.Add(t.Queue)}}
	if !c.Sent.IsZero() && !c.Answered.IsZero() {
		parts = append(parts, part{"php", c.Sent, c.Answered, phpAttributes(t)})
	}
	if !c.FirstWrite.IsZero() {
		parts = append(parts, part{"writes", c.FirstWrite, c.LastWrite, []attribute.KeyValue{
			attribute.Int("wsbridge.messages", t.Made.Sent), attribute.Int("wsbridge.bytes", t.Made.SentBytes),
			attribute.Int("wsbridge.closed", t.Made.Closed), seconds("wsbridge.seconds", t.Apply)}})
	}
	return parts
}

func attributes(t *observe.Trace, c *observe.Course) []attribute.KeyValue {
	all := []attribute.KeyValue{
		attribute.String("wsbridge.event", string(t.Kind)), attribute.StringSlice("wsbridge.handlers", t.Kind.Handlers()),
		attribute.Int64("wsbridge.seq", int64(t.Seq)), attribute.Int("wsbridge.bytes", t.Bytes), attribute.String("wsbridge.place", c.Place),
	}
	if t.Client != 0 {
		all = append(all, attribute.Int64("wsbridge.client", t.Client))
	}
	if t.Worker != 0 {
		all = append(all, attribute.Int("wsbridge.worker", t.Worker))
	}
	return all
}

func phpAttributes(t *observe.Trace) []attribute.KeyValue {
	all := []attribute.KeyValue{seconds("wsbridge.run", t.Run), seconds("wsbridge.connect", t.Connect)}
	if t.Together > 0 {
		all = append(all, attribute.Int("wsbridge.together", t.Together))
	}
	return all
}

// fault returns attributes with the names of OpenTelemetry's semantic conventions.
func fault(f *observe.Fault) []attribute.KeyValue {
	all := []attribute.KeyValue{attribute.String("error.type", f.Name)}
	if f.File != "" {
		all = append(all, attribute.String("code.file.path", f.File), attribute.Int("code.line.number", f.Line))
	}
	return all
}

func seconds(name string, d time.Duration) attribute.KeyValue {
	return attribute.Float64(name, d.Seconds())
}
