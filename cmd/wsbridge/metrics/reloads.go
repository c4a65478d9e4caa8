package metrics

import "github.com/prometheus/client_golang/prometheus"

// reloads counts the reloads of the configuration, with the gauges that Prometheus has of its own configuration.
type reloads struct {
	results    *prometheus.CounterVec
	successful prometheus.Gauge // whether the last one was
	succeeded  prometheus.Gauge // when the last successful one was
}

// newReloads counts reading the configuration at the start as a successful reload.
func newReloads(to registry) reloads {
	r := reloads{
		results: to.counters("config_reloads_total", "Reloads of the configuration, by result.", "result"),
		successful: to.gauge("config_last_reload_successful",
			"0 if the last reload failed and the configuration before it stays in force.", nil),
		succeeded: to.gauge("config_last_reload_success_timestamp_seconds", "When the configuration in force was read.", nil),
	}
	r.results.WithLabelValues("success")
	r.results.WithLabelValues("failure")
	r.successful.Set(1)
	r.succeeded.SetToCurrentTime()
	return r
}

// Reloaded counts a reload that ended with err.
func (r *reloads) Reloaded(err error) {
	if err != nil {
		r.results.WithLabelValues("failure").Inc()
		r.successful.Set(0)
		return
	}
	r.results.WithLabelValues("success").Inc()
	r.successful.Set(1)
	r.succeeded.SetToCurrentTime()
}
