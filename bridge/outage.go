package bridge

import (
	"sync"
	"time"
)

// outage is the time during which php-fpm cannot be reached.
type outage struct {
	mu    sync.Mutex // guards since
	since time.Time  // zero: there is none
}

// began records a failed try and returns when the outage began; first says that it was this one.
func (o *outage) began() (since time.Time, first bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	first = o.since.IsZero()
	if first {
		o.since = time.Now()
	}
	return o.since, first
}

// over records a successful try and reports whether it ended an outage.
func (o *outage) over() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	was := !o.since.IsZero()
	o.since = time.Time{}
	return was
}

func (o *outage) on() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !o.since.IsZero()
}
