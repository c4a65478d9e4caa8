package schedule

import (
	"context"
	"sync"
	"time"
)

// Outage is the time during which php-fpm cannot be reached. All events share it: an event that comes late in it waits only for the rest.
type Outage struct {
	mu     sync.Mutex      // guards the fields below
	since  time.Time       // zero: there is no outage
	next   context.Context // canceled when the next outage begins; in an outage it is canceled
	cancel context.CancelFunc
}

// NewOutage returns an Outage that has not begun.
func NewOutage() *Outage {
	o := &Outage{}
	o.next, o.cancel = context.WithCancel(context.Background())
	return o
}

// Begin records a failed attempt. It returns when the outage began, and whether this attempt was its first.
func (o *Outage) Begin() (since time.Time, first bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	first = o.since.IsZero()
	if first {
		o.since = time.Now()
		o.cancel()
	}
	return o.since, first
}

// End records a successful attempt. It reports whether that ended an outage.
func (o *Outage) End() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.since.IsZero() {
		return false
	}
	o.since = time.Time{}
	o.next, o.cancel = context.WithCancel(context.Background())
	return true
}

// On reports whether there is an outage.
func (o *Outage) On() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !o.since.IsZero()
}

// Until returns a context that also ends when the next outage begins, with that cause. During an outage it ends at once. The caller must
// call stop.
func (o *Outage) Until(ctx context.Context, cause error) (until context.Context, stop func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	ctx, cancel := context.WithCancelCause(ctx)
	unregister := context.AfterFunc(o.next, func() { cancel(cause) })
	return ctx, func() { unregister(); cancel(nil) }
}
