package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/wsbridge/wsbridge/bridge"
	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/protocol"
)

// traffic is what only an Observer gets to know.
type traffic struct {
	collectors []prometheus.Collector
	events     map[protocol.Kind]*eventMetrics
	failures   *prometheus.CounterVec // by event and reason
	writes     prometheus.Histogram
	endings    map[outcome.Ending]prometheus.Counter
	refusals   map[outcome.Refusal]prometheus.Counter
	turned     *prometheus.CounterVec // by limit
}

// eventMetrics are the histograms of one kind of event, looked up once.
type eventMetrics struct {
	total, queue, connect, wait, run, apply prometheus.Observer
}

func newTraffic() traffic {
	// From a tenth of a millisecond, a kept worker's fastest answer, to half a minute, php.timeout's default.
	buckets := prometheus.ExponentialBucketsRange(0.0001, 30, 18)
	events := histograms("event_seconds", "Time of events, from their arrival to their end.", buckets, "event")
	stages := histograms("event_stage_seconds", "Where the time of events goes: queue, connect, wait, run and apply.", buckets,
		"event", "stage")
	writes := histograms("client_write_seconds", "Time until a client's socket has taken a message.", buckets)
	endings := counters("clients_ended_total", "Clients that have left, by how; refused are those that were not let in.", "ending")
	refusals := counters("requests_refused_total", "Handshakes and other requests that were refused, by why.", "refusal")
	t := traffic{
		events:   map[protocol.Kind]*eventMetrics{},
		failures: counters("event_failures_total", "Events that failed, by reason.", "event", "reason"),
		writes:   writes.WithLabelValues().(prometheus.Histogram),
		endings:  map[outcome.Ending]prometheus.Counter{},
		refusals: map[outcome.Refusal]prometheus.Counter{},
		turned:   counters("connections_turned_away_total", "Connections over a limit, by its key in the configuration.", "limit"),
	}
	t.collectors = []prometheus.Collector{events, stages, writes, endings, refusals, t.failures, t.turned}
	for _, r := range outcome.Refusals() {
		t.refusals[r] = refusals.WithLabelValues(r.String())
	}
	for _, e := range outcome.Endings() {
		t.endings[e] = endings.WithLabelValues(e.String())
	}
	for _, limit := range bridge.TurnedAwayLimits() {
		t.turned.WithLabelValues(limit)
	}
	for _, kind := range protocol.Kinds() {
		if len(kind.Handlers()) == 0 {
			continue
		}
		of := func(stage string) prometheus.Observer { return stages.WithLabelValues(string(kind), stage) }
		total := events.WithLabelValues(string(kind))
		t.events[kind] = &eventMetrics{total, of("queue"), of("connect"), of("wait"), of("run"), of("apply")}
		for _, o := range outcome.Outcomes() {
			t.failures.WithLabelValues(string(kind), o.Name)
		}
	}
	return t
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

func histograms(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	opts := prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets}
	return prometheus.NewHistogramVec(opts, labels)
}

// Event implements bridge.Observer.
func (t *traffic) Event(o bridge.Observation) {
	e := t.events[o.Kind]
	e.total.Observe(o.Total.Seconds())
	e.queue.Observe(o.Queue.Seconds())
	e.connect.Observe(o.Connect.Seconds())
	e.wait.Observe(o.Wait.Seconds())
	e.run.Observe(o.Run.Seconds())
	e.apply.Observe(o.Apply.Seconds())
	if o.Failure != "" {
		t.failures.WithLabelValues(string(o.Kind), o.Failure).Inc()
	}
}

// Written implements bridge.Observer.
func (t *traffic) Written(took time.Duration) { t.writes.Observe(took.Seconds()) }

// Refused implements bridge.Observer.
func (t *traffic) Refused(r outcome.Refusal) { t.refusals[r].Inc() }

// Ended implements bridge.Observer.
func (t *traffic) Ended(e outcome.Ending) { t.endings[e].Inc() }

// TurnedAway implements bridge.Observer.
func (t *traffic) TurnedAway(limit string) { t.turned.WithLabelValues(limit).Inc() }
