package schedule

import "time"

// Class is what kind of event waits. Each class has queues of its own, so that many events of one kind do not hold up another.
type Class int

const (
	Message   Class = iota // all that the others are not
	Handshake              // authenticate and open
	Close                  // close events
)

// Terms say how an event waits for its turn, and runs.
type Terms struct {
	Class Class
	Alone bool // nothing else runs meanwhile
	// Free events need no turn: they run at once.
	Free bool
	// Session, if not empty, lets events with the same one run one after the other, unless they are alone anyway. PHP keeps a session
	// locked while a handler has it open: the tabs of one user would hold a worker each, and all but one of them would only wait.
	Session string
	// Limit is how long the event waits; 0: as long as it takes. A pause does not count unless PauseCounts is set.
	Limit       time.Duration
	PauseCounts bool
}

// The queues of a Scheduler, in the order in which they are served.
const (
	beside = iota
	alone
	handshake
	closing
	lists
)

func (t *Terms) list() int {
	switch {
	case t.Class == Handshake:
		return handshake
	case t.Class == Close:
		return closing
	case t.Alone:
		return alone
	}
	return beside
}

// session returns the session to wait for; an event that runs alone has no other beside it.
func (t *Terms) session() string {
	if t.Alone {
		return ""
	}
	return t.Session
}
