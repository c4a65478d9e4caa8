package phpfpm

import (
	"fmt"
	"sync"
	"time"
)

const (
	// awayGrace is for how long connections wait for a php-fpm that has ended to be there again. A start takes a few hundred milliseconds.
	awayGrace = 5 * time.Second
	// refuseInterval is how often connections are closed that wait for longer, between two starts.
	refuseInterval = 50 * time.Millisecond
)

// absence says since when there is no php-fpm, and why.
type absence struct {
	mu     sync.Mutex // guards the fields below
	since  time.Time  // zero: there is one
	reason error      // the latest
}

func (a *absence) begin(reason error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.since.IsZero() {
		a.since = time.Now()
	}
	a.reason = reason
}

func (a *absence) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.since = time.Time{}
}

// lasts returns why there is no php-fpm, if there has been none for so long.
func (a *absence) lasts(most time.Duration) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.since.IsZero() || time.Since(a.since) < most {
		return nil
	}
	return fmt.Errorf("php-fpm does not run: %w", a.reason)
}

// Away returns why php-fpm does not run now, or nil if it does: its sockets accept connections also while it is being started again.
func (p *Process) Away() error { return p.absence.lasts(0) }

// Refused returns why no connection is to be made now, or nil. While php-fpm is being started again, connections may be made and written to for
// 5 seconds: they wait for it. After that those that wait are closed unread before each start, until php-fpm runs.
func (p *Process) Refused() error { return p.absence.lasts(awayGrace) }

// pause waits before the next start, and meanwhile refuses connections that have waited for too long. It reports false if php-fpm is to stop.
func (p *Process) pause(delay time.Duration) bool {
	ends, tick := time.NewTimer(delay), time.NewTicker(refuseInterval)
	defer ends.Stop()
	defer tick.Stop()
	for {
		if p.Refused() != nil {
			p.sockets.refuse()
		}
		select {
		case <-p.stopping:
			return false
		case <-ends.C:
			return true
		case <-tick.C:
		}
	}
}
