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
	mended                *prometheus.CounterVec // by fault
}

func newPipe(r registry) pipe {
	p := pipe{
		documents:    r.counters("pipe_documents_total", "Documents that have come through the pipe.").WithLabelValues(),
		skipped:      r.counters("pipe_skipped_total", "Pieces of data in the pipe that were skipped, by reason.", "reason"),
		skippedBytes: r.counters("pipe_skipped_bytes_total", "Bytes of data in the pipe that were skipped, by reason.", "reason"),
		mended:       r.counters("pipe_mended_total", "How often the pipe was not as it should be at its path and was put right, by fault.", "fault"),
	}
	for _, fault := range fifo.Faults() {
		p.mended.WithLabelValues(string(fault))
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

// Mended counts what was wrong at the pipe's path.
func (p *pipe) Mended(m fifo.Mended) { p.mended.WithLabelValues(string(m.Fault)).Inc() }

// WatchPipe adds whether writers reach the pipe. lost returns why not, or nil.
func (m *Metrics) WatchPipe(lost func() error) {
	m.registry.MustRegister(collector(func(a answer) {
		gauge(a, "pipe_up", "0 while the pipe is not at its path and cannot be made there.", one(lost() == nil))
	}))
}

// Pipe returns a pipe that counts the documents of from.
func (p *pipe) Pipe(from bridge.Pipe) bridge.Pipe { return countedPipe{from, p.documents} }

type countedPipe struct {
	bridge.Pipe
	documents prometheus.Counter
}

// Run implements bridge.Pipe.
func (p countedPipe) Run(ctx context.Context, deliver func(context.Context, [][]byte) (int, error)) error {
	return p.Pipe.Run(ctx, func(ctx context.Context, documents [][]byte) (taken int, err error) {
		taken, err = deliver(ctx, documents)
		p.documents.Add(float64(taken))
		return taken, err
	})
}
