package metrics

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/wsbridge/wsbridge/bridge"
	"github.com/wsbridge/wsbridge/fifo"
)

// pipe counts what other programs write into the named pipe.
type pipe struct {
	documents             prometheus.Counter
	skipped, skippedBytes *prometheus.CounterVec // by reason
}

func newPipe(r registry) pipe {
	p := pipe{
		documents:    r.counters("pipe_documents_total", "Documents that have come through the pipe.").WithLabelValues(),
		skipped:      r.counters("pipe_skipped_total", "Pieces of data in the pipe that were skipped, by reason.", "reason"),
		skippedBytes: r.counters("pipe_skipped_bytes_total", "Bytes of data in the pipe that were skipped, by reason.", "reason"),
	}
	for _, reason := range fifo.Reasons() {
		p.skipped.WithLabelValues(string(reason))
		p.skippedBytes.WithLabelValues(string(reason))
	}
	return p
}

// Skipped counts data of the pipe that was skipped.
func (p *pipe) Skipped(s fifo.Skipped) {
	p.skipped.WithLabelValues(string(s.Reason)).Inc()
	p.skippedBytes.WithLabelValues(string(s.Reason)).Add(float64(s.Bytes))
}

// Pipe returns a pipe that counts the documents of from.
func (p *pipe) Pipe(from bridge.Pipe) bridge.Pipe { return countedPipe{from, p.documents} }

type countedPipe struct {
	bridge.Pipe
	documents prometheus.Counter
}

// Run implements bridge.Pipe.
func (p countedPipe) Run(ctx context.Context, deliver func(context.Context, []byte) error) error {
	return p.Pipe.Run(ctx, func(ctx context.Context, document []byte) error {
		p.documents.Inc()
		return deliver(ctx, document)
	})
}
