package metrics

import "github.com/prometheus/client_golang/prometheus"

// reading is a metric whose value stands in a T.
type reading[T any] struct {
	name, help string
	kind       prometheus.ValueType
	value      func(T) float64
	labels     prometheus.Labels // constant
}

const (
	gauge   = prometheus.GaugeValue
	counter = prometheus.CounterValue
)

// collector asks for a T with each scrape and reads all metrics from it. If there is none, there is nothing to tell.
type collector[T any] struct {
	ask      func() (t T, ok bool)
	readings []reading[T]
	descs    []*prometheus.Desc // of readings
}

func newCollector[T any](ask func() (T, bool), readings []reading[T]) *collector[T] {
	c := &collector[T]{ask: ask, readings: readings}
	for _, r := range readings {
		c.descs = append(c.descs, prometheus.NewDesc(namespace+"_"+r.name, r.help, nil, r.labels))
	}
	return c
}

// Describe implements prometheus.Collector.
func (c *collector[T]) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		descs <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector[T]) Collect(metrics chan<- prometheus.Metric) {
	t, ok := c.ask()
	if !ok {
		return
	}
	for i, r := range c.readings {
		metrics <- prometheus.MustNewConstMetric(c.descs[i], r.kind, r.value(t))
	}
}
