package metrics

import (
	"net/http"
	"runtime"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/protocol"
)

const namespace = "wsbridge"

// scrapes is how many scrapes may run at a time; others get 503. Each asks php-fpm, and on this machine it may need no token.
const scrapes = 8

// Metrics counts and times what happens. It is an observe.Observer. Each of its Watch methods may be called once; the other methods may be
// called concurrently.
type Metrics struct {
	registry registry
	traffic
	pipe
	reloads
}

var _ observe.Observer = (*Metrics)(nil)

// New returns metrics of the build with that version, of the process and of the Go runtime. All counts are 0.
func New(version string) *Metrics {
	r := registry{prometheus.NewRegistry()}
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	r.gauge("build_info", "The build, by its labels; always 1.", prometheus.Labels{
		"version": version, "goversion": runtime.Version(), "contract": strconv.Itoa(protocol.Version)}).Set(1)
	return &Metrics{registry: r, traffic: newTraffic(r), pipe: newPipe(r), reloads: newReloads(r)}
}

// registry makes and registers metrics.
type registry struct{ *prometheus.Registry }

func (r registry) counters(name, help string, labels ...string) *prometheus.CounterVec {
	return promauto.With(r).NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

func (r registry) counter(name, help string) prometheus.Counter {
	return promauto.With(r).NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help})
}

func (r registry) gauge(name, help string, labels prometheus.Labels) prometheus.Gauge {
	return promauto.With(r).NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help, ConstLabels: labels})
}

// Handler returns the handler of scrapes.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: scrapes})
}
