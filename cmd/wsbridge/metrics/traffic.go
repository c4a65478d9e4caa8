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
	together prometheus.Counter
	failures *prometheus.CounterVec // by event and reason
	endings  *prometheus.CounterVec // by ending
	refusals *prometheus.CounterVec // by refusal
	turned   *prometheus.CounterVec // by limit
}

// newTraffic makes every counter, so that all are in the first answer.
func newTraffic(r registry) traffic {
	t := traffic{
		times:    newTimes(),
		together: r.counter("events_together_total", "Events that shared a request of php-fpm with events of other clients."),
		failures: r.counters("event_failures_total", "Events that failed, by reason.", "event", "reason"),
		endings: r.counters("clients_ended_total",
			"Clients that have left, by ending; those with the ending refused were not let in.", "ending"),
		refusals: r.counters("requests_refused_total", "Handshakes and other requests that were refused, by reason.", "refusal"),
		turned:   r.counters("connections_turned_away_total", "Connections over a limit, by its key in the configuration.", "limit"),
	}
	r.MustRegister(collector(t.times.collect))
	for _, refusal := range outcome.Refusals() {
		t.refusals.WithLabelValues(refusal.String())
	}
	for _, ending := range outcome.Endings() {
		t.endings.WithLabelValues(ending.String())
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

// Event implements observe.Observer.
func (t *traffic) Event(o observe.Observation) {
	t.events[o.Kind].Add(&o)
	if o.Together > 0 {
		t.together.Inc()
	}
	if o.Failure != "" {
		t.failures.WithLabelValues(string(o.Kind), o.Failure).Inc()
	}
}

// Refused implements observe.Observer.
func (t *traffic) Refused(r outcome.Refusal) { t.refusals.WithLabelValues(r.String()).Inc() }

// Ended implements observe.Observer.
func (t *traffic) Ended(e outcome.Ending) { t.endings.WithLabelValues(e.String()).Inc() }

// TurnedAway implements observe.Observer.
func (t *traffic) TurnedAway(limit string) { t.turned.WithLabelValues(limit).Inc() }
