package schedule

import (
	"container/list"
	"time"
)

// Place is what a Queue and the Scheduler keep of an event. Every Event embeds one, so that an event is one piece of memory, and a queue without
// events has none.
type Place struct{ at position }

func (p *Place) position() *position { return &p.at }

// Given returns the Terms that the event has returned last.
func (p *Place) Given() *Terms { return &p.at.Terms }

// position is the place of one event among those that wait, and then its turn. Apart from what a queue owns, it is guarded by the scheduler's
// mutex.
type position struct {
	Terms
	event Event     // of a queue; nil: it is in none
	next  *position // the event after it in its queue; guarded by the queue's mu
	turn  Turn      // once it was admitted

	// How the end of the wait is told: either queue is handed to a worker, or admitted is closed.
	queue    *Queue
	ready    [1]*Queue // queue, in a list of its own
	admitted chan struct{}

	list     *list.List // that it waits in; nil: it does not wait
	element  *list.Element
	deadline time.Time // zero: none
	err      error     // why it was not admitted
	isFirst  bool      // it waits before the others in its list
}

func (p *position) pushTo(l *list.List) {
	p.list = l
	if p.isFirst {
		p.element = l.PushFront(p)
		return
	}
	p.element = l.PushBack(p)
}

func (p *position) remove() {
	p.list.Remove(p.element)
	p.list, p.element = nil, nil
}
