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

// awayWait says how long an event waits for php-fpm that is away. All events share one outage: an event that comes late in it waits only for the
// rest of UnavailableWait.
type awayWait int

const (
	noWait   awayWait = iota
	someWait          // UnavailableWait, unless php-fpm refuses the entry script
	anyWait           // until the end of the server, which a journal outlives
)

// isOver reports whether an event that waits so has waited long enough, in an outage that has lasted so long with that error.
func (w awayWait) isOver(err error, lasted, limit time.Duration) bool {
	return w == noWait || w == someWait && (errors.Is(err, protocol.ErrRefused) || lasted > limit)
}

// retryWhileAway calls f again while php-fpm is away, for as long as the caller may wait.
func (b *Bridge) retryWhileAway(f func() error, wait awayWait) error {
	for {
		err := f()
		if !isAway(err) {
			b.endOutage()
			return err
		}
		since, first := b.outage.Begin()
		if first {
			b.log.Error("php-fpm is away", keyError, err)
		}
		if b.noWait.Load() || wait.isOver(err, time.Since(since), b.cfg().UnavailableWait) {
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

// Ready returns nil if the server takes clients. Otherwise the error says why not: the server is starting, paused or shutting down, an event
// has run for longer than others may wait for it, or php-fpm is away. In an outage php-fpm is asked, which may block until ctx ends.
func (b *Bridge) Ready(ctx context.Context) error {
	switch {
	case b.entrance.why() != nil:
		return b.entrance.why()
	case b.app.Load() == nil:
		return ErrStarting
	case b.Paused():
		return ErrPaused
	}
	if took, isStuck := b.heldFor(); isStuck {
		return fmt.Errorf("%w: it has run for %v", ErrStuck, took.Round(time.Second))
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
