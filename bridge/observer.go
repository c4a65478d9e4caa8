package bridge

import (
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// Observer is told where time goes and what fails, for whoever measures. It may be called concurrently and must not block.
type Observer interface {
	// Event is called when an event that needed PHP is over.
	Event(Observation)
	// Written is called when a client's socket has taken a message.
	Written(took time.Duration)
	// Ended is called when a client has left, or was not let in.
	Ended(protocol.Ending)
}

// Observation is where the time of one event went.
type Observation struct {
	Kind protocol.Kind
	// Failure is why it failed, one of protocol's names; empty if it did not.
	Failure string

	Queue   time.Duration // until its turn came
	Connect time.Duration // to php-fpm, if no kept connection was free
	Wait    time.Duration // for a php-fpm worker, and for bytes on their way
	Run     time.Duration // of PHP, as it says itself: loading the code, and the handler
	Apply   time.Duration // of what PHP asked for
}

// nobody observes nothing.
type nobody struct{}

func (nobody) Event(Observation)     {}
func (nobody) Written(time.Duration) {}
func (nobody) Ended(protocol.Ending) {}
