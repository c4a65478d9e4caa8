package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/timing"
	"github.com/wsbridge/wsbridge/protocol"
)

// times counts how long events and writes take.
type times struct {
	events map[protocol.Kind]*timing.Events
	writes timing.Histogram
}

func newTimes() *times {
	t := &times{events: map[protocol.Kind]*timing.Events{}}
	for _, kind := range kindsOfEvents() {
		t.events[kind] = &timing.Events{}
	}
	return t
}

// kindsOfEvents returns the kinds that an application can have handlers for.
func kindsOfEvents() (kinds []protocol.Kind) {
	for _, kind := range protocol.Kinds() {
		if len(kind.Handlers()) > 0 {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// Written implements observe.Observer.
func (t *times) Written(took time.Duration) { t.writes.Add(took) }

// Times returns how long the events of all kinds have taken since the start.
func (t *times) Times() *timing.Times {
	var all timing.Times
	for _, e := range t.events {
		all.AddFrom(e)
	}
	return &all
}

// collect adds the times as histograms.
func (t *times) collect(a answer) {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(namespace+"_"+name, help, labels, nil)
	}
	event := desc("event_seconds", "Time of events, from their arrival to their end.", "event")
	stage := desc("event_stage_seconds", "Where the time of events goes: queue, connect, wait, run and apply.", "event", "stage")
	for kind, e := range t.events {
		var now timing.Times
		now.AddFrom(e)
		a.metrics <- now[timing.Total].Metric(event, string(kind))
		for i, name := range timing.Stages() {
			a.metrics <- now[i].Metric(stage, string(kind), name)
		}
	}
	var writes timing.Counts
	writes.AddFrom(&t.writes)
	a.metrics <- writes.Metric(desc("client_write_seconds", "Time until a client's socket has taken a message."))
}
