package bridge

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/wsbridge/wsbridge/bridge/outcome"
)

var (
	// ErrStarting refuses what needs a bridge that serves.
	ErrStarting = errors.New("the server is starting")
	// ErrStopping refuses what would come too late.
	ErrStopping = errors.New("the server is shutting down")
	// ErrPaused refuses what would have to wait for the end of a pause.
	ErrPaused = errors.New("paused")
)

// Pause keeps events from their turn until Resume; those that have it run to their end. What clients send waits, as far as
// there is room for it; pings are answered. Handshakes wait for at most QueueWait, events of clients as long as the pause and
// then for QueueWait anew. A shutdown ends the pause.
func (b *Bridge) Pause() error {
	leave, err := b.operate()
	if err != nil {
		return err
	}
	defer leave()
	if b.gate.pause(true) {
		b.log.Warn("paused")
	}
	return nil
}

// Resume ends a pause, if there is one.
func (b *Bridge) Resume() {
	if b.gate.pause(false) {
		b.log.Warn("resumed")
	}
}

// Paused reports whether there is a pause.
func (b *Bridge) Paused() bool { return b.gate.isPaused() }

// Drain begins the shutdown that Serve ends with, as the end of its context would. It does not wait for it.
func (b *Bridge) Drain() { b.requestQuit() }

// Draining returns what is closed when a shutdown begins.
func (b *Bridge) Draining() <-chan struct{} { return b.drained }

// startWait is how long the operator's orders wait for a bridge that is about to serve.
const startWait = 3 * time.Second

// operate lets the operator in while the bridge serves; a drain waits for leave.
func (b *Bridge) operate() (leave func(), err error) {
	select {
	case <-b.serving:
	case <-time.After(startWait):
		return nil, ErrStarting
	}
	leave, ok := b.enter()
	if !ok {
		return nil, ErrStopping
	}
	return leave, nil
}

// pause reports whether it has changed anything.
func (g *gate) pause(on bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	changed := g.paused != on
	if g.paused = on; changed && !on {
		g.resumed = time.Now()
	}
	g.admit()
	return changed
}

func (g *gate) isPaused() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.paused
}

// grace returns what is left of limit, counted from the end of the last pause.
func (g *gate) grace(limit time.Duration) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.paused {
		return limit
	}
	return limit - time.Since(g.resumed)
}

// expire calls cancel when limit is over. A pause does not count, but for the hasty. The caller calls stop.
func (g *gate) expire(limit time.Duration, hasty bool, cancel context.CancelCauseFunc) (stop func() bool) {
	var timer *time.Timer
	timer = time.AfterFunc(math.MaxInt64, func() {
		if left := g.grace(limit); left > 0 && !hasty {
			timer.Reset(left)
			return
		}
		cancel(outcome.ErrQueueWait)
	})
	timer.Reset(limit)
	return timer.Stop
}
