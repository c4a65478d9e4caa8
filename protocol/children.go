package protocol

import "encoding/json"

// Children is what a resident worker says of the processes that handlers have started in it.
type Children struct {
	// Ready says that they have something for their handlers: output, or an end. It comes once, until the next event Process has begun.
	Ready bool `json:"ready,omitempty"`
	// Running are those that have started, or of which the next worker has to know something else. They are named by their process ids, as
	// PHP knows them.
	Running map[string]Child `json:"running,omitempty"`
	// Ended are those that the next worker need not know.
	Ended []int `json:"ended,omitempty"`
}

// Child is a process that a handler has started.
type Child struct {
	Program string `json:"program"` // for people, without its arguments
	State   string `json:"state"`   // what the next worker needs to take it over
}

// ChildSet is the payload of a Fill: the processes that the worker takes over, by their ids.
type ChildSet map[string]Child

// Payload returns the set as a Fill brings it; nil if it is empty.
func (s ChildSet) Payload() []byte {
	if len(s) == 0 {
		return nil
	}
	text, _ := json.Marshal(s) // strings: it cannot fail
	return text
}
