package schedule

import (
	"time"

	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// setDeadline bounds the wait of p, if p waits. One timer serves all: events that wait are many, and those that wait for too long few.
func (s *Scheduler) setDeadline(p *position) {
	p.deadline = time.Time{}
	if p.list == nil || p.Limit == 0 {
		return
	}
	p.deadline = time.Now().Add(p.Limit)
	s.expireBy(p.deadline)
}

// expiryInterval is the shortest time between two looks at all events that wait. A look at 16,384 takes a third of a millisecond, and
// their deadlines can be microseconds apart.
const expiryInterval = 10 * time.Millisecond

// expireBy has the timer fire at t, or after expiryInterval if that is later.
func (s *Scheduler) expireBy(t time.Time) {
	if soon := time.Now().Add(expiryInterval); t.Before(soon) {
		t = soon
	}
	if s.expires.IsZero() || t.Before(s.expires) {
		s.expires = t
		s.expiry.Reset(time.Until(t))
	}
}

// expire ends the wait of those whose time is over.
func (s *Scheduler) expire() {
	s.mu.Lock()
	s.expires = time.Time{}
	now := time.Now()
	ready := s.assign(s.giveAll(outcome.ErrQueueWait, func(p *position) bool { return s.expiring(p) && !p.deadline.After(now) }))
	var next time.Time
	for p := range s.all() {
		if s.expiring(p) && (next.IsZero() || p.deadline.Before(next)) {
			next = p.deadline
		}
	}
	if !next.IsZero() {
		s.expireBy(next)
	}
	s.mu.Unlock()
	s.start(ready)
}

// expiring reports whether the time of p runs out. In a pause it does only if PauseCounts.
func (s *Scheduler) expiring(p *position) bool {
	return !p.deadline.IsZero() && (p.PauseCounts || !s.paused)
}

// Pause keeps events from their turn until Resume; those that have it run on. It reports whether there was no pause before.
func (s *Scheduler) Pause() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := !s.paused
	s.paused = true
	return changed
}

// Resume ends a pause: those that wait may do so for their whole limit anew. It reports whether there was a pause.
func (s *Scheduler) Resume() bool {
	s.mu.Lock()
	changed := s.paused
	s.paused = false
	if changed {
		for p := range s.all() {
			if !p.PauseCounts {
				s.setDeadline(p)
			}
		}
	}
	ready := s.assign(s.admit(nil))
	s.mu.Unlock()
	s.start(ready)
	return changed
}

// Paused reports whether there is a pause.
func (s *Scheduler) Paused() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.paused
}
