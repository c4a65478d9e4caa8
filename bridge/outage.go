package bridge

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// retryInterval is the average time after which an event tries again to reach php-fpm. A restart takes php-fpm a few hundred milliseconds.
// The times are random, so that the events that have turns do not all try in the same instant.
const retryInterval = 100 * time.Millisecond

// retryWhileAway calls f again while php-fpm is away, if the caller may wait. All events share one outage: an event that comes late in it
// waits only for the rest of UnavailableWait.
func (b *Bridge) retryWhileAway(f func() error, mayWait bool) error {
	for {
		err := f()
		if !errors.Is(err, protocol.ErrUnavailable) && !errors.Is(err, protocol.ErrOverloaded) {
			b.endOutage()
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

// endOutage ends the outage, if there is one.
func (b *Bridge) endOutage() {
	if b.outage.End() {
		b.log.Info("php-fpm is back")
	}
}

// Ready returns nil if the server takes clients. Otherwise the error says why not: the server is starting, paused or shutting down, or
// php-fpm is away. In an outage php-fpm is asked, which may block until ctx ends.
func (b *Bridge) Ready(ctx context.Context) error {
	switch {
	case b.isDraining():
		return ErrStopping
	case b.app.Load() == nil:
		return ErrStarting
	case b.Paused():
		return ErrPaused
	}
	if err := b.reachPHP(ctx); err != nil {
		return fmt.Errorf("php-fpm is away: %w", err)
	}
	return nil
}

// Away reports whether php-fpm is away. It blocks like Ready.
func (b *Bridge) Away(ctx context.Context) bool { return b.reachPHP(ctx) != nil }

// reachPHP checks whether php-fpm can be reached and, in an outage, whether it answers.
func (b *Bridge) reachPHP(ctx context.Context) error {
	if !b.outage.On() {
		return b.cfg().PHP.Reachable(ctx)
	}
	if _, err := b.cfg().PHP.Describe(ctx); err != nil {
		return err
	}
	b.endOutage()
	return nil
}
