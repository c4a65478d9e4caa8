package schedule

import (
	"time"

	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// expiryInterval is the shortest time between two passes over all events that wait. One over 16,384 takes a third of a millisecond, and
// their deadlines can be microseconds apart.
const expiryInterval = 10 * time.Millisecond

// setDeadline limits the wait of p, if it waits. One timer serves all, since many events wait and few of them for too long.
func (s *Scheduler) setDeadline(p *position) {
	p.deadline = time.Time{}
	if p.list == nil || p.Limit == 0 {
		return
	}
	p.deadline = time.Now().Add(p.Limit)
	s.expireBy(p.deadline)
}

// expireBy makes the timer fire at t, or after expiryInterval if that is later.
func (s *Scheduler) expireBy(t time.Time) {
	if soon := time.Now().Add(expiryInterval); t.Before(soon) {
		t = soon
	}
	if s.expires.IsZero() || t.Before(s.expires) {
		s.expires = t
		s.expiry.Reset(time.Until(t))
	}
}

// expire ends the wait of events whose deadline has passed.
func (s *Scheduler) expire() {
	s.mu.Lock()
	s.expires = time.Time{}
	if s.frozen { // Thaw looks again
		s.mu.Unlock()
		return
	}
	now := time.Now()
	ready := s.assign(s.cancelAll(outcome.ErrQueueWait, func(p *position) bool { return s.hasDeadline(p) && !p.deadline.After(now) }))
	s.expireNext()
	s.mu.Unlock()
	s.start(ready)
}

// expireNext makes the timer fire at the next deadline, if there is one. It is called with mu held.
func (s *Scheduler) expireNext() {
	var next time.Time
	s.each(func(p *position) {
		if s.hasDeadline(p) && (next.IsZero() || p.deadline.Before(next)) {
			next = p.deadline
		}
	})
	if !next.IsZero() {
		s.expireBy(next)
	}
}

// hasDeadline reports whether p has a deadline that counts now.
func (s *Scheduler) hasDeadline(p *position) bool {
	return !p.deadline.IsZero() && (p.PauseCounts || !s.paused)
}
