package metrics

import "github.com/prometheus/client_golang/prometheus"

// reloads counts how often the configuration was read while the server ran. Prometheus has the same gauges of itself.
type reloads struct {
	results    *prometheus.CounterVec
	successful prometheus.Gauge // of the last one
	succeeded  prometheus.Gauge // when
}

// newReloads begins with the configuration that the server starts with.
func newReloads() reloads {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help})
	}
	r := reloads{
		results:    counters("config_reloads_total", "Reloads of the configuration, by result.", "result"),
		successful: gauge("config_last_reload_successful", "0 if the last reload failed; the configuration before it is still in force."),
		succeeded:  gauge("config_last_reload_success_timestamp_seconds", "When the configuration in force was read."),
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
