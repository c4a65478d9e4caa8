package metrics

import "github.com/prometheus/client_golang/prometheus"

// collector asks for values with each scrape and adds them to the answer. It describes none in advance: Prometheus calls that unchecked.
type collector func(a answer)

// Describe implements prometheus.Collector.
func (c collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c collector) Collect(metrics chan<- prometheus.Metric) { c(answer{metrics}) }

// answer takes the values of one scrape.
type answer struct{ metrics chan<- prometheus.Metric }

type number interface{ int | int64 | uint64 | float64 }

func gauge[N number](a answer, name, help string, value N) {
	a.add(prometheus.GaugeValue, name, help, float64(value), nil)
}

func counter[N number](a answer, name, help string, value N) {
	a.add(prometheus.CounterValue, name, help, float64(value), nil)
}

func (a answer) add(kind prometheus.ValueType, name, help string, value float64, labels prometheus.Labels) {
	a.metrics <- prometheus.MustNewConstMetric(prometheus.NewDesc(namespace+"_"+name, help, nil, labels), kind, value)
}
