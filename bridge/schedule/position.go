package schedule

import (
	"container/list"
	"time"
)

// position is the place of one event among those that wait. It is guarded by the scheduler's mutex.
type position struct {
	Terms
	// How the end of the wait is told: either queue is handed to a worker, or admitted is closed.
	queue    *Queue
	admitted chan struct{}

	list     *list.List // that it waits in; nil: it does not wait
	element  *list.Element
	deadline time.Time // zero: none
	err      error     // why it was not admitted
}

func (p *position) pushTo(l *list.List) {
	p.list = l
	p.element = l.PushBack(p)
}

func (p *position) remove() {
	p.list.Remove(p.element)
	p.list, p.element = nil, nil
}
