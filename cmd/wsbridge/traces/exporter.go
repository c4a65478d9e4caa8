package traces

import (
	"context"

	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// exporter sends the SDK's batches, and gives their room back. It returns no errors: the room logs them.
type exporter struct {
	sdk.SpanExporter
	room *room
	life context.Context // after it nothing is sent any more
}

// ExportSpans implements sdk.SpanExporter. It sends a batch again while the collector says that it is busy, until ctx ends.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.life, cancel)()
	err := e.SpanExporter.ExportSpans(ctx, spans)
	e.room.sent(len(spans), err)
	return nil
}
