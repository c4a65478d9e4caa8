package main

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/wsbridge/wsbridge/bridge"
	"github.com/wsbridge/wsbridge/fastcgi"
	"github.com/wsbridge/wsbridge/protocol"
)

// metrics counts and times what the bridge does, for Prometheus. It is a bridge.Observer.
type metrics struct {
	registry *prometheus.Registry
	events   map[protocol.Kind]*eventMetrics
	failures *prometheus.CounterVec // by event and reason
	writes   prometheus.Histogram
	endings  map[protocol.Ending]prometheus.Counter
	refusals map[protocol.Refusal]prometheus.Counter
	turned   *prometheus.CounterVec // by limit
}

// eventMetrics are the histograms of one kind of event, looked up once.
type eventMetrics struct {
	queue, connect, wait, run, apply prometheus.Observer
}

func newMetrics() *metrics {
	// From a tenth of a millisecond, a kept worker's fastest answer, to half a minute, php.timeout's default.
	buckets := prometheus.ExponentialBucketsRange(0.0001, 30, 18)
	stages := prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "wsbridge", Name: "event_stage_seconds",
		Help: "Where the time of events goes: queue, connect, wait, run and apply.", Buckets: buckets}, []string{"event", "stage"})
	endings := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "wsbridge", Name: "clients_ended_total",
		Help: "Clients that have left, by how; refused are those that were not let in."}, []string{"ending"})
	refusals := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "wsbridge", Name: "requests_refused_total",
		Help: "Handshakes and other requests that were refused, by why."}, []string{"refusal"})
	m := &metrics{
		registry: prometheus.NewRegistry(),
		events:   map[protocol.Kind]*eventMetrics{},
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "wsbridge", Name: "event_failures_total",
			Help: "Events that failed, by reason."}, []string{"event", "reason"}),
		writes: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "wsbridge", Name: "client_write_seconds",
			Help: "Time until a client's socket has taken a message.", Buckets: buckets}),
		endings:  map[protocol.Ending]prometheus.Counter{},
		refusals: map[protocol.Refusal]prometheus.Counter{},
	}
	for _, r := range protocol.Refusals() {
		m.refusals[r] = refusals.WithLabelValues(r.String())
	}
	for _, e := range protocol.Endings() {
		m.endings[e] = endings.WithLabelValues(e.String())
	}
	m.turned = prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "wsbridge", Name: "connections_turned_away_total",
		Help: "Connections over a limit, by its key in the configuration."}, []string{"limit"})
	for _, kind := range protocol.Kinds() {
		if len(kind.Handlers()) > 0 {
			of := func(stage string) prometheus.Observer { return stages.WithLabelValues(string(kind), stage) }
			m.events[kind] = &eventMetrics{of("queue"), of("connect"), of("wait"), of("run"), of("apply")}
		}
	}
	m.registry.MustRegister(stages, m.failures, m.writes, m.turned, endings, refusals, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// watch adds what is asked for when it is wanted: of the bridge, and of php-fpm.
func (m *metrics) watch(b *bridge.Bridge, status func(context.Context) (*fastcgi.Status, error)) {
	m.registry.MustRegister(newFPMCollector(status), prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "wsbridge",
		Name: "clients", Help: "Rows of $connections."}, func() float64 { return float64(b.Clients()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "wsbridge", Name: "connections",
			Help: "Sockets, those in their handshake among them."}, func() float64 { return float64(b.Sockets()) }))
}

// expires tells when the certificate that is in force does; a nil one does not.
func (m *metrics) expires(c *certificate) {
	if c == nil {
		return
	}
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "wsbridge",
		Name: "tls_certificate_expires_timestamp_seconds", Help: "When the certificate of server.tls_cert expires."},
		func() float64 { return float64(c.pair.Load().Leaf.NotAfter.Unix()) }))
}

// Event records one event.
func (m *metrics) Event(o bridge.Observation) {
	e := m.events[o.Kind]
	e.queue.Observe(o.Queue.Seconds())
	e.connect.Observe(o.Connect.Seconds())
	e.wait.Observe(o.Wait.Seconds())
	e.run.Observe(o.Run.Seconds())
	e.apply.Observe(o.Apply.Seconds())
	if o.Failure != "" {
		m.failures.WithLabelValues(string(o.Kind), o.Failure).Inc()
	}
}

// Written records one message that a client's socket has taken.
func (m *metrics) Written(took time.Duration) { m.writes.Observe(took.Seconds()) }

// Refused counts one request.
func (m *metrics) Refused(r protocol.Refusal) { m.refusals[r].Inc() }

// Ended counts one client that has left.
func (m *metrics) Ended(e protocol.Ending) { m.endings[e].Inc() }

// TurnedAway records one connection over a limit.
func (m *metrics) TurnedAway(limit string) { m.turned.WithLabelValues(limit).Inc() }

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
