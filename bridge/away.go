package bridge

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// retryInterval is how often, on average, an event asks for a php-fpm that is away. A restart takes it a few hundred
// milliseconds, and the events that have their turn shall not all ask in the same instant.
const retryInterval = 100 * time.Millisecond

// recovered ends an outage, if there is one.
func (b *Bridge) recovered() {
	if b.outage.Over() {
		b.log.Info("php-fpm is back")
	}
}

// retryWhileAway calls f until it does not fail for want of php-fpm, if it may wait. All events share one outage: those that come late
// in it wait only for its rest.
func (b *Bridge) retryWhileAway(f func() error, mayWait bool) error {
	for {
		err := f()
		if !errors.Is(err, protocol.ErrUnavailable) && !errors.Is(err, protocol.ErrOverloaded) {
			b.recovered()
			return err
		}
		since, first := b.outage.Begin()
		if first {
			b.log.Error("php-fpm is away", keyError, err)
		}
		if !mayWait || errors.Is(err, protocol.ErrRefused) || b.noWait.Load() || time.Since(since) > b.cfg().UnavailableWait {
			return err
		}
		select {
		case <-time.After(retryInterval/2 + rand.N(retryInterval)):
		case <-b.base.Done():
			return err
		}
	}
}
