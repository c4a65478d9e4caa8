package bridge

import (
	"errors"
	"time"
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
	if b.scheduler.Pause() {
		b.log.Warn("paused")
	}
	return nil
}

// Resume ends a pause, if there is one.
func (b *Bridge) Resume() {
	if b.scheduler.Resume() {
		b.log.Warn("resumed")
	}
}

// Paused reports whether there is a pause.
func (b *Bridge) Paused() bool { return b.scheduler.Paused() }

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
