package schedule

import (
	"context"
	"sync"
	"time"
)

// Outage is the time during which php-fpm cannot be reached. All events share it: those that come late in it wait only for the rest.
type Outage struct {
	mu    sync.Mutex // guards the fields below
	since time.Time  // zero: php-fpm is there
	// calm lives until the next outage begins.
	calm context.Context
	end  context.CancelFunc
}

// NewOutage returns one that has not begun.
func NewOutage() *Outage {
	o := &Outage{}
	o.calm, o.end = context.WithCancel(context.Background())
	return o
}

// Begin records a failed try and returns when the outage began; first says that it was this one.
func (o *Outage) Begin() (since time.Time, first bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	first = o.since.IsZero()
	if first {
		o.since = time.Now()
		o.end()
	}
	return o.since, first
}

// Over records a successful try and reports whether it ended an outage.
func (o *Outage) Over() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.since.IsZero() {
		return false
	}
	o.since = time.Time{}
	o.calm, o.end = context.WithCancel(context.Background())
	return true
}

// On reports whether there is an outage.
func (o *Outage) On() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !o.since.IsZero()
}

// Until returns a context that also ends, with that cause, when the next outage begins, or at once in one. The caller calls stop.
func (o *Outage) Until(ctx context.Context, cause error) (until context.Context, stop func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	ctx, cancel := context.WithCancelCause(ctx)
	forget := context.AfterFunc(o.calm, func() { cancel(cause) })
	return ctx, func() { forget(); cancel(nil) }
}
