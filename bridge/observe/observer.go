package observe

import (
	"time"

	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/protocol"
)

// Observer is told where time goes and what fails. Its methods may be called concurrently and must not block.
type Observer interface {
	// Event is called when an event that needed PHP is over.
	Event(Observation)
	// Written is called when a client's socket has taken a message.
	Written(took time.Duration)
	// Ended is called when a client has left, or was not let in.
	Ended(outcome.Ending)
	// Refused is called when a request is.
	Refused(outcome.Refusal)
	// TurnedAway is called when a connection is over a limit, which has its key of the configuration for a name.
	TurnedAway(limit string)
}

// Observation is where the time of one event went.
type Observation struct {
	Kind protocol.Kind
	// Failure is the name of the outcome, see outcome.Of; empty if it did not fail.
	Failure string

	Queue   time.Duration // until its turn came
	Connect time.Duration // to php-fpm, if no kept connection was free
	Wait    time.Duration // for a php-fpm worker, and for bytes on their way
	Run     time.Duration // of PHP, as it says itself: loading the code, and the handler
	Apply   time.Duration // of what PHP asked for
	Total   time.Duration // from its arrival to its end
}

// Nobody is an Observer that does nothing. An Observer of some things embeds it.
type Nobody struct{}

// Event implements Observer.
func (Nobody) Event(Observation) {}

// Written implements Observer.
func (Nobody) Written(time.Duration) {}

// Ended implements Observer.
func (Nobody) Ended(outcome.Ending) {}

// Refused implements Observer.
func (Nobody) Refused(outcome.Refusal) {}

// TurnedAway implements Observer.
func (Nobody) TurnedAway(string) {}
