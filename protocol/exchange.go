package protocol

import (
	"context"
	"encoding/json"
	"time"
)

// Exchange is one event on its way through a resident worker. Its methods are called one at a time, and must not block.
type Exchange interface {
	// IsSmall reports whether the event can be written to a socket that is empty without waiting.
	IsSmall() bool
	// Event returns the event as the worker gets it now, just before it is sent. If the event goes to another worker afterwards, because
	// the first has ended before it ran, Event is called again.
	Event() *Event
	// Apply carries out an effect of the event. Its payload is valid only during the call.
	Apply(*Effect)
	// Long is called if the event has run for long in the worker with that process id, and again each time that has doubled. It may be
	// called while another method is.
	Long(worker int, took time.Duration)
	// IsAbandoned reports whether nobody waits for the event any more, which has not begun. It is asked of events that the lane was held up
	// for, see State.HeldUp, before they go on; Drop is called if so.
	IsAbandoned() bool
	// Drop ends the event, which has not begun, instead of all that follows.
	Drop()
	// End is called once, last. Nil means that Apply has been called with a done or failed effect; any other error wraps one of this
	// package.
	End(error)
	// Alone runs the event in a request of its own, as there is no resident worker, and then ends it. It blocks until it has ended.
	Alone()
}

// State is what resident workers have in common: what they are filled with, and the code that they run.
type State interface {
	// AwaitChanges blocks until what events changed that have ended in a worker is in what Fill returns, which takes as long as an event
	// may take, or until ctx ends, whose cause it returns.
	AwaitChanges(ctx context.Context) error
	// Fill returns the event that fills a worker. Each event after it brings what has changed since.
	Fill() *Event
	// Filled tells what the worker has said of its global variables when it was filled. No event has run in it.
	Filled(done *Done)
	// Changes adds to an event of the lane's own what has changed in rows since the event before.
	Changes(e *Event)
	// Audit makes an event of the lane's own of some rows for the worker to compare with its own, and of what has changed in rows since the
	// event before. It is called while no event runs or is queued. The event has no payload if there is nothing to compare now. then is
	// called with the event's result before any later event ends, or never; it must not block.
	Audit() (e *Event, then func(*Done))
	// ProcessesReady says that processes which handlers have started in the worker have something for their handlers, which an event
	// Process brings them. It must not block.
	ProcessesReady()
	// HeldUp says that what the lane runs since that time takes long, and that no event is sent to a worker before GoesOn. Those that it was
	// given are in Lane.Behind. Neither blocks, and they are called in turns.
	HeldUp(since time.Time)
	// GoesOn says that what has held up the lane has ended.
	GoesOn()
	// Empty says that there is no filled worker any more.
	Empty()
	// Knows reports whether this is the fingerprint of the code that was described, certain or not.
	Knows(code string) bool
	// IsUncertain reports whether the code was described while opcache might still have run older content of its files.
	IsUncertain() bool
	// Describe describes the application again, as its code has changed. It blocks. The code counts as known once commit was called, which
	// is done between two events.
	Describe(ctx context.Context) (commit func(), err error)
}

// Checkup is the result of a check: what a resident worker says about itself between two events.
type Checkup struct {
	Memory  int64 `json:"memory"`  // bytes that PHP has taken from the system (memory_get_usage)
	Changed bool  `json:"changed"` // files of the application have changed since the worker loaded them
	Settled bool  `json:"settled"` // ... and opcache no longer runs their old content
	// Leaving says why the worker will run no more events: php-fpm reloads, or opcache waits for it before it restarts.
	Leaving string `json:"leaving,omitempty"`
}

// Checkup returns the result of a check.
func (d *Done) Checkup() (c Checkup, err error) {
	err = json.Unmarshal(d.Result, &c)
	return c, err
}

// AuditRange is the payload of an audit, as JSON: its rows are those of all clients whose keys are greater than After and not greater
// than Last.
type AuditRange struct {
	After int64 `json:"after"`
	Last  int64 `json:"last"`
}

// Audited is the result of an audit apart from the changes, which are those of Done. It is absent if both are empty.
type Audited struct {
	Missing []int64 `json:"missing"` // clients of whose rows the worker does not know
	Surplus []int64 `json:"surplus"` // clients whose rows it had, and has dropped
}

// Audited returns the result of an audit.
func (d *Done) Audited() (a Audited, err error) {
	if len(d.Result) > 0 {
		err = json.Unmarshal(d.Result, &a)
	}
	return a, err
}
