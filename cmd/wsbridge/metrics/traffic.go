package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/wsbridge/wsbridge/bridge"
	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// traffic counts what only an Observer is told.
type traffic struct {
	*times
	collectors []prometheus.Collector
	failures   *prometheus.CounterVec // by event and reason
	endings    map[outcome.Ending]prometheus.Counter
	refusals   map[outcome.Refusal]prometheus.Counter
	turned     *prometheus.CounterVec // by limit
}

// newTraffic makes every counter, so that all are in the first answer.
func newTraffic() traffic {
	endings := counters("clients_ended_total", "Clients that have left, by ending; those with the ending refused were not let in.", "ending")
	refusals := counters("requests_refused_total", "Handshakes and other requests that were refused, by reason.", "refusal")
	t := traffic{
		times:    newTimes(),
		failures: counters("event_failures_total", "Events that failed, by reason.", "event", "reason"),
		endings:  map[outcome.Ending]prometheus.Counter{},
		refusals: map[outcome.Refusal]prometheus.Counter{},
		turned:   counters("connections_turned_away_total", "Connections over a limit, by its key in the configuration.", "limit"),
	}
	t.collectors = []prometheus.Collector{t.times, endings, refusals, t.failures, t.turned}
	for _, r := range outcome.Refusals() {
		t.refusals[r] = refusals.WithLabelValues(r.String())
	}
	for _, e := range outcome.Endings() {
		t.endings[e] = endings.WithLabelValues(e.String())
	}
	for _, limit := range bridge.TurnedAwayLimits() {
		t.turned.WithLabelValues(limit)
	}
	for _, kind := range kindsOfEvents() {
		for _, o := range outcome.Outcomes() {
			t.failures.WithLabelValues(string(kind), o.Name)
		}
	}
	return t
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

// Event implements observe.Observer.
func (t *traffic) Event(o observe.Observation) {
	t.events[o.Kind].Add(&o)
	if o.Failure != "" {
		t.failures.WithLabelValues(string(o.Kind), o.Failure).Inc()
	}
}

// Refused implements observe.Observer.
func (t *traffic) Refused(r outcome.Refusal) { t.refusals[r].Inc() }

// Ended implements observe.Observer.
func (t *traffic) Ended(e outcome.Ending) { t.endings[e].Inc() }

// TurnedAway implements observe.Observer.
func (t *traffic) TurnedAway(limit string) { t.turned.WithLabelValues(limit).Inc() }
