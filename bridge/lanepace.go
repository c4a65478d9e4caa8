package bridge

import (
	"sync/atomic"
	"time"
)

const (
	// laneWindow is how long the events that were given to the lane together should take PHP. Those can no longer time out, be paused, or
	// wait for their turn among others.
	laneWindow = 5 * time.Millisecond
	// minLane is how many events the lane is given however long they take: one that runs, and one that begins when that has ended.
	minLane = 2
	// paceWeight is the part that one event has in the average.
	paceWeight = 16
)

// lanePace measures how long events in the lane take PHP.
type lanePace struct{ mean atomic.Int64 } // nanoseconds

// add counts an event, and returns how many events the lane should be given together.
func (p *lanePace) add(took time.Duration) int {
	mean := p.mean.Load()
	mean += (int64(took) - mean) / paceWeight
	p.mean.Store(mean) // an event that is counted at the same time may be lost
	return max(minLane, int(int64(laneWindow)/max(1, mean)))
}
