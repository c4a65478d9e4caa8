package schedule

import (
	"container/list"
	"time"
)

// position is the place of an event among those that wait. It is guarded by the scheduler's mutex.
type position struct {
	Terms
	// Exactly one of these learns that the wait is over.
	queue *Queue
	in    chan struct{} // closed

	list     *list.List // where it stands; nil: nowhere
	element  *list.Element
	deadline time.Time // zero: it waits as long as it takes
	err      error     // why its turn did not come
}

// stand puts p at the end of l.
func (p *position) stand(l *list.List) {
	p.list = l
	p.element = l.PushBack(p)
}

// step takes p out of its list.
func (p *position) step() {
	p.list.Remove(p.element)
	p.list, p.element = nil, nil
}

// Turn is what an event has while it runs. Its methods are called by one goroutine at a time.
type Turn struct {
	scheduler *Scheduler // nil: it is over, or none was needed
	alone     bool
	session   string
}

// Covers reports whether an event may run in the turn, alone or beside others.
func (t *Turn) Covers(alone bool) bool { return t.scheduler != nil && (t.alone || !alone) }

// Leave lets the next event have its turn. It may be called again.
func (t *Turn) Leave() {
	if s := t.scheduler; s != nil {
		s.start(s.leave(t))
	}
}
