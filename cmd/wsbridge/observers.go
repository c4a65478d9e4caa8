package main

import (
	"time"

	"github.com/wsbridge/wsbridge/bridge"
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
