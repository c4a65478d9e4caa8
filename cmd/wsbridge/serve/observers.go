package serve

import (
	"time"

	"github.com/wsbridge/wsbridge/bridge"
	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// observers are several that each want to know everything.
type observers []bridge.Observer

// Event implements bridge.Observer.
func (all observers) Event(o bridge.Observation) {
	for _, one := range all {
		one.Event(o)
	}
}

// Written implements bridge.Observer.
func (all observers) Written(took time.Duration) {
	for _, one := range all {
		one.Written(took)
	}
}

// Ended implements bridge.Observer.
func (all observers) Ended(e outcome.Ending) {
	for _, one := range all {
		one.Ended(e)
	}
}

// TurnedAway implements bridge.Observer.
func (all observers) TurnedAway(limit string) {
	for _, one := range all {
		one.TurnedAway(limit)
	}
}

// Refused implements bridge.Observer.
func (all observers) Refused(why outcome.Refusal) {
	for _, one := range all {
		one.Refused(why)
	}
}
