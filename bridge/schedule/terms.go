package schedule

import "time"

// Class is the kind of an event. Each class waits in lists of its own, so that many events of one class do not delay another.
type Class int

const (
	Message   Class = iota // everything that is not in another class
	Handshake              // authenticate and open
	Close                  // close events
)

// Terms say how an event waits and runs. The zero Terms are for an event that runs beside others and waits as long as it takes.
type Terms struct {
	Class Class
	Alone bool // no other event runs at the same time
	Free  bool // it runs at once and does not count
	// Lane runs it in the lane: after the lane's other events, which need not have ended, and beside events outside of the lane unless
	// one of both is Alone. Its Run does not block.
	Lane        bool
	PauseCounts bool // see Limit
	// Share is how many events may run in one place together with this one, see Turn.Join; below 2: none.
	Share int
	// Session, if not empty, makes events with the same session run one after the other, unless they run alone anyway. PHP locks a
	// session while a handler has it open: without this, the tabs of one user would occupy a php-fpm worker each, only to wait there.
	Session string
	// Limit is how long the event may wait; 0 means no limit. The time of a pause counts only with PauseCounts.
	Limit time.Duration
}

// The lists in which events wait, in the order in which they take turns. Events of the lane that run alone or beside others share a list,
// to keep their order.
const (
	besideList = iota
	aloneList
	handshakeList
	closeList
	listCount
)

func (t *Terms) list() int {
	switch {
	case t.Class == Handshake:
		return handshakeList
	case t.Class == Close:
		return closeList
	case t.Alone && !t.Lane:
		return aloneList
	}
	return besideList
}

// session returns the session that the event has to wait for.
func (t *Terms) session() string {
	if t.Alone {
		return ""
	}
	return t.Session
}
