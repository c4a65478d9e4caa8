package bridge

import (
	"sync"
	"time"

	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// idleTimer ends a client when no message has come from it or gone to it for some time. Pings and pongs are no messages. A nil idleTimer
// does nothing.
type idleTimer struct {
	limit time.Duration
	busy  func() bool // reports whether events of the client wait or run
	end   func()

	mu      sync.Mutex // guards the fields below
	last    time.Time  // when the last message was seen
	timer   *time.Timer
	stopped bool
}

// newIdleTimer is called once, when c opens.
func (c *client) newIdleTimer() *idleTimer {
	limit := c.bridge.cfg().IdleTimeout
	if limit == 0 {
		return nil
	}
	t := &idleTimer{limit: limit, busy: c.events.Busy, end: func() { c.endUnlessDraining(outcome.EndedIdle) }, last: time.Now()}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.timer = time.AfterFunc(limit, t.fire)
	return t
}

// touch is called for each message.
func (t *idleTimer) touch() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = time.Now()
}

// stop is called when the client has left.
func (t *idleTimer) stop() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stopped = true
	t.timer.Stop()
}

// hold stops the timer without forgetting how long no message has come.
func (t *idleTimer) hold() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.timer.Stop()
}

// goOn ends hold.
func (t *idleTimer) goOn() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.stopped {
		t.timer.Reset(t.limit - time.Since(t.last))
	}
}

// restore notes when another process has seen the last message.
func (t *idleTimer) restore(last time.Time) {
	if t == nil || last.IsZero() {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = last
}

// lastMessage returns when the last message was seen; zero for a nil timer.
func (t *idleTimer) lastMessage() time.Time {
	if t == nil {
		return time.Time{}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last
}

func (t *idleTimer) fire() {
	if t.busy() {
		t.touch()
	}
	if t.isExpired() {
		t.end()
	}
}

// isExpired reports whether the limit is reached. If not, the timer will fire again when it may be.
func (t *idleTimer) isExpired() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	left := t.limit - time.Since(t.last)
	if t.stopped || left <= 0 {
		return !t.stopped
	}
	t.timer.Reset(left)
	return false
}
