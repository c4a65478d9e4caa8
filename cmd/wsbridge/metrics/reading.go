package metrics

import "github.com/prometheus/client_golang/prometheus"

// reading is a metric whose value is in a T.
type reading[T any] struct {
	name, help string
	kind       prometheus.ValueType
	value      func(T) float64
	labels     prometheus.Labels // constant
}

func gauge[T any, N int | uint64](name, help string, value func(T) N) reading[T] {
	return reading[T]{name, help, prometheus.GaugeValue, func(t T) float64 { return float64(value(t)) }, nil}
}

func counter[T any, N int | uint64](name, help string, value func(T) N) reading[T] {
	return reading[T]{name, help, prometheus.CounterValue, func(t T) float64 { return float64(value(t)) }, nil}
}

// with returns r with a constant label.
func (r reading[T]) with(label, value string) reading[T] {
	r.labels = prometheus.Labels{label: value}
	return r
}

// collector asks for a T with each scrape and reads all its metrics from it. If ask has no T, they are left out of the answer.
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
