package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/wsbridge/wsbridge/fastcgi"
)

// fpmTimeout bounds reading php-fpm's status page for one scrape.
const fpmTimeout = 2 * time.Second

// fpmCollector reads php-fpm's own state whenever it is asked. Without a status page, or an answer, there is nothing to tell.
type fpmCollector struct {
	status func(context.Context) (*fastcgi.Status, error)
	gauges []fpmGauge
}

type fpmGauge struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*fastcgi.Status) int
}

func newFPMCollector(status func(context.Context) (*fastcgi.Status, error)) *fpmCollector {
	gauge := func(name, help string, kind prometheus.ValueType, value func(*fastcgi.Status) int) fpmGauge {
		return fpmGauge{prometheus.NewDesc("wsbridge_fpm_"+name, help, nil, nil), kind, value}
	}
	return &fpmCollector{status: status, gauges: []fpmGauge{
		gauge("workers", "Workers that there are.", prometheus.GaugeValue, func(s *fastcgi.Status) int { return s.Workers }),
		gauge("idle_workers", "Workers that wait for a connection; one that is kept is not idle.", prometheus.GaugeValue,
			func(s *fastcgi.Status) int { return s.Idle }),
		gauge("listen_queue", "Connections that no worker has accepted yet.", prometheus.GaugeValue,
			func(s *fastcgi.Status) int { return s.ListenQueue }),
		gauge("max_children_reached_total", "How often pm.max_children were too few.", prometheus.CounterValue,
			func(s *fastcgi.Status) int { return s.MaxChildrenReached }),
		gauge("slow_requests_total", "Requests over request_slowlog_timeout.", prometheus.CounterValue,
			func(s *fastcgi.Status) int { return s.SlowRequests }),
	}}
}

// Describe implements prometheus.Collector.
func (c *fpmCollector) Describe(descs chan<- *prometheus.Desc) {
	for _, g := range c.gauges {
		descs <- g.desc
	}
}

// Collect implements prometheus.Collector.
func (c *fpmCollector) Collect(metrics chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), fpmTimeout)
	defer cancel()
	s, err := c.status(ctx)
	if err != nil {
		return // all workers are busy, or there is no page: a scrape is no place to report that
	}
	for _, g := range c.gauges {
		metrics <- prometheus.MustNewConstMetric(g.desc, g.kind, float64(g.value(s)))
	}
}
