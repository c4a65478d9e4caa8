package bridge

import (
	"sync"
	"time"

	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// idleness ends a client when no message has come from it or gone to it for limit. Pings and pongs are no messages. A nil
// idleness lets it stay.
type idleness struct {
	limit time.Duration
	busy  func() bool // reports whether events of the client wait or run
	end   func()

	mu    sync.Mutex // guards the fields below
	last  time.Time  // when the last message was seen
	timer *time.Timer
	over  bool
}

// watchIdle is called once, when c opens.
func (c *client) watchIdle() *idleness {
	limit := c.bridge.cfg().IdleTimeout
	if limit == 0 {
		return nil
	}
	i := &idleness{limit: limit, busy: c.events.Busy, end: func() { c.endUnlessDraining(outcome.EndedIdle) }, last: time.Now()}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.timer = time.AfterFunc(limit, i.look)
	return i
}

// note is told of each message.
func (i *idleness) note() {
	if i == nil {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.last = time.Now()
}

// stop is for a client that has ended.
func (i *idleness) stop() {
	if i == nil {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.over = true
	i.timer.Stop()
}

func (i *idleness) look() {
	if i.busy() {
		i.note()
	}
	if i.isUp() {
		i.end()
	}
}

// isUp reports whether the limit is reached; else it will be looked again when it may be.
func (i *idleness) isUp() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	left := i.limit - time.Since(i.last)
	if i.over || left <= 0 {
		return !i.over
	}
	i.timer.Reset(left)
	return false
}
