package metrics

import "github.com/prometheus/client_golang/prometheus"

// Traces are numbers of spans since the start.
type Traces struct {
	Waiting uint64 // now
	Sent    uint64
	NoRoom  uint64 // dropped, since too many waited
	Failed  uint64 // dropped, since the collector did not take them
}

// WatchTraces exports the spans of traces. It is called at most once.
func (m *Metrics) WatchTraces(counts func() Traces) {
	m.registry.MustRegister(collector(func(a answer) {
		c := counts()
		gauge(a, "trace_spans_waiting", "Spans of traces that wait to be sent to the collector.", c.Waiting)
		counter(a, "trace_spans_sent_total", "Spans of traces that the collector has taken.", c.Sent)
		const dropped, help = "trace_spans_dropped_total", "Spans of traces that were dropped, by reason."
		a.add(prometheus.CounterValue, dropped, help, float64(c.NoRoom), prometheus.Labels{"reason": "no_room"})
		a.add(prometheus.CounterValue, dropped, help, float64(c.Failed), prometheus.Labels{"reason": "collector"})
	}))
}
