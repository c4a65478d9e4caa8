package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/wsbridge/wsbridge/fastcgi/resident"
)

// WatchResidents adds the metrics of resident workers, which report returns; nil: there are none, and no such metrics.
func (m *Metrics) WatchResidents(report func() *resident.Report) {
	m.registry.MustRegister(collector(func(a answer) {
		r := report()
		if r == nil {
			return
		}
		gauge(a, "resident_stateless", "1 while no resident worker can be started, and events run in requests of their own.", one(r.Stateless))
		gauge(a, "resident_code_broken", "1 while the application's code cannot be loaded, and the worker goes on with what it loaded before.", one(r.Broken != ""))
		gauge(a, "resident_memory_limit_bytes", "Memory over which a resident worker is replaced; 0: no limit.", r.MemoryLimit)
		gauge(a, "resident_event_seconds", "How long the event has run for which all others in the alone worker wait; 0: none runs.", eventSeconds(r))
		counter(a, "resident_boots_failed_total", "Resident workers that could not be started, or could not load the application.",
			r.Failed.Times)
		workersByKind(a, r)
		for _, cause := range resident.Causes() {
			a.add(prometheus.CounterValue, "resident_replaced_total", "Resident workers that ran events and have ended, by why.",
				float64(r.Replaced[cause]), prometheus.Labels{"reason": string(cause)})
		}
	}))
}

func eventSeconds(r *resident.Report) float64 {
	for _, i := range r.Workers {
		if i.Kind == resident.Alone && i.Runs != nil {
			return time.Since(i.Runs.Since).Seconds()
		}
	}
	return 0
}

func workersByKind(a answer, r *resident.Report) {
	workers, memory := map[resident.Kind]int{}, map[resident.Kind]int64{}
	for _, i := range r.Workers {
		workers[i.Kind]++
		memory[i.Kind] += i.Memory
	}
	for _, kind := range resident.Kinds() {
		labels := prometheus.Labels{"kind": string(kind)}
		a.add(prometheus.GaugeValue, "resident_workers", "Resident workers, by what they are there for.", float64(workers[kind]), labels)
		a.add(prometheus.GaugeValue, "resident_memory_bytes", "Memory that resident workers alone use, of each kind together.",
			float64(memory[kind]), labels)
		a.add(prometheus.CounterValue, "resident_events_total", "Events that have ended in resident workers.", float64(r.Events[kind]), labels)
	}
}
