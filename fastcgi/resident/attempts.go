package resident

import "time"

// attempts says when to try again what has failed: after a time that doubles. The zero value is to be tried at once.
type attempts struct {
	delay time.Duration // until the next, when the last has failed; 0: it has not
	next  time.Time
}

const (
	minSpareDelay = 2 * time.Second
	maxSpareDelay = time.Minute
)

func (a *attempts) mayTry() bool { return a.delay == 0 || time.Now().After(a.next) }

func (a *attempts) succeed() { *a = attempts{} }

// fail reports whether this is the first failure.
func (a *attempts) fail() (first bool) {
	first = a.delay == 0
	a.delay = min(max(2*a.delay, minSpareDelay), maxSpareDelay)
	a.next = time.Now().Add(a.delay)
	return first
}
