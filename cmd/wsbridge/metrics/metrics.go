package metrics

import (
	"net/http"
	"runtime"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
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
	registry *prometheus.Registry
	traffic
	pipe
	reloads
}

var _ observe.Observer = (*Metrics)(nil)

// New returns metrics of the build with that version, of the process and of the Go runtime. All counts are 0.
func New(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), traffic: newTraffic(), pipe: newPipe(), reloads: newReloads()}
	m.registry.MustRegister(build(version), collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.registry.MustRegister(m.traffic.collectors...)
	m.registry.MustRegister(m.pipe.documents, m.pipe.skipped, m.pipe.skippedBytes)
	m.registry.MustRegister(m.reloads.results, m.reloads.successful, m.reloads.succeeded)
	return m
}

// build returns a gauge whose labels are the information.
func build(version string) prometheus.Collector {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: "build_info",
		Help:        "The build, by its labels; always 1.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version(), "contract": strconv.Itoa(protocol.Version)}})
	g.Set(1)
	return g
}

// Handler returns the handler of scrapes.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: scrapes})
}
