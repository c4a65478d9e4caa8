package bridge

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// retryInterval is how often, on average, an event asks for a php-fpm that is away. A restart takes it a few hundred
// milliseconds, and the events that have their turn shall not all ask in the same instant.
const retryInterval = 100 * time.Millisecond

// recovered ends an outage, if there is one.
func (b *Bridge) recovered() {
	if b.outage.End() {
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

// Ready returns nil if the bridge takes clients, else why it does not: it is starting, paused or shutting down, or php-fpm is
// away. When it was away as far as is known, it is asked again, at most until ctx ends.
func (b *Bridge) Ready(ctx context.Context) error {
	switch {
	case b.isDraining():
		return ErrStopping
	case b.app.Load() == nil:
		return ErrStarting
	case b.Paused():
		return ErrPaused
	}
	if err := b.reach(ctx); err != nil {
		return fmt.Errorf("php-fpm is away: %w", err)
	}
	return nil
}

// Away reports whether php-fpm is. It looks as Ready does, without an event, and blocks until ctx ends at most.
func (b *Bridge) Away(ctx context.Context) bool { return b.reach(ctx) != nil }

// reach looks for php-fpm, and asks it if it was away when it was last needed.
func (b *Bridge) reach(ctx context.Context) error {
	if !b.outage.On() {
		return b.cfg().PHP.Reachable(ctx)
	}
	if _, err := b.cfg().PHP.Describe(ctx); err != nil {
		return err
	}
	b.recovered()
	return nil
}

func (b *Bridge) isDraining() bool {
	b.entranceMu.Lock()
	defer b.entranceMu.Unlock()
	return b.draining
}
