package observe

import (
	"time"

	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/protocol"
)

// Observer is told where the time goes and what fails. Its methods may be called concurrently and must not block.
type Observer interface {
	// Event is called when an event that needed PHP has ended.
	Event(Observation)
	// Written is called when a client's socket has taken a message.
	Written(took time.Duration)
	// Ended is called when a client has left, or has been refused.
	Ended(outcome.Ending)
	// Refused is called when a request has been refused.
	Refused(outcome.Refusal)
	// TurnedAway is called when a connection exceeds a limit, with the limit's configuration key.
	TurnedAway(limit string)
}

// Observation says where the time of one event went.
type Observation struct {
	Kind protocol.Kind
	// Failure is the name of the event's outcome, see outcome.Of; empty: it did not fail.
	Failure string

	Queue   time.Duration // before its turn
	Connect time.Duration // to php-fpm, if no open connection was free
	Wait    time.Duration // for a php-fpm worker, and for the transfer
	Run     time.Duration // in PHP, as measured there: loading the code, and the handler
	Apply   time.Duration // applying what PHP asked for
	Total   time.Duration // from its arrival to its end

	Together int // how many events its request had, if there were several
}

// Nop is an Observer that does nothing. Embed it in an Observer of some calls only.
type Nop struct{}

func (Nop) Event(Observation)       {}
func (Nop) Written(time.Duration)   {}
func (Nop) Ended(outcome.Ending)    {}
func (Nop) Refused(outcome.Refusal) {}
func (Nop) TurnedAway(string)       {}
