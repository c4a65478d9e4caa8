package timing

import "github.com/wsbridge/wsbridge/bridge/observe"

// The times of an event, as observe.Observation explains them.
const (
	Queue = iota
	Connect
	Wait
	Run
	Apply
	Total // not quite the sum of those above
	times
)

// Stages returns the names of the times that Total is made of.
func Stages() [Total]string { return [...]string{"queue", "connect", "wait", "run", "apply"} }

// Events counts the times of events.
type Events [times]Histogram

// Add counts one event.
func (e *Events) Add(o *observe.Observation) {
	e[Queue].Add(o.Queue)
	e[Connect].Add(o.Connect)
	e[Wait].Add(o.Wait)
	e[Run].Add(o.Run)
	e[Apply].Add(o.Apply)
	e[Total].Add(o.Total)
}

// Times is what Events have counted up to a moment, or between two.
type Times [times]Counts

// AddFrom adds what e has counted so far.
func (t *Times) AddFrom(e *Events) {
	for i := range t {
		t[i].AddFrom(&e[i])
	}
}

// Since returns what was counted after before.
func (t *Times) Since(before *Times) *Times {
	var d Times
	for i := range t {
		d[i] = t[i].Since(&before[i])
	}
	return &d
}
