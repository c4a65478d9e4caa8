package bridge

import (
	"context"
	"sync"
	"time"
)

// outage is the time during which php-fpm cannot be reached.
type outage struct {
	mu    sync.Mutex // guards the fields below
	since time.Time  // zero: there is none
	// calm lives until the next outage begins.
	calm context.Context
	end  context.CancelFunc
}

func newOutage() *outage {
	o := &outage{}
	o.calm, o.end = context.WithCancel(context.Background())
	return o
}

// began records a failed try and returns when the outage began; first says that it was this one.
func (o *outage) began() (since time.Time, first bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	first = o.since.IsZero()
	if first {
		o.since = time.Now()
		o.end()
	}
	return o.since, first
}

// over records a successful try and reports whether it ended an outage.
func (o *outage) over() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.since.IsZero() {
		return false
	}
	o.since = time.Time{}
	o.calm, o.end = context.WithCancel(context.Background())
	return true
}

func (o *outage) on() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !o.since.IsZero()
}

// cancels calls cancel when the next outage begins, or at once in one. The caller calls stop.
func (o *outage) cancels(cancel func()) (stop func() bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return context.AfterFunc(o.calm, cancel)
}
