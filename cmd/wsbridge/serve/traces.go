package serve

import (
	"fmt"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/metrics"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/traces"
)

// startTraces returns nil if cfg wants none.
func (s *server) startTraces(cfg *config.Config) (*traces.Traces, error) {
	if cfg.Trace.OTLP == "" {
		return nil, nil
	}
	t, err := traces.Start(traces.Config{Collector: cfg.Trace.OTLP, Sample: float64(cfg.Trace.Sample), Version: s.Version, Logger: s.log.Logger})
	if err != nil {
		return nil, fmt.Errorf("trace.otlp: %w", err)
	}
	s.metrics.WatchTraces(func() metrics.Traces { return metrics.Traces(t.Counts()) })
	s.log.Info("traces are sent", "collector", cfg.Trace.OTLP, "sample", float64(cfg.Trace.Sample))
	return t, nil
}

func (s *server) closeTraces() {
	if s.traces != nil {
		s.traces.Close()
	}
}
