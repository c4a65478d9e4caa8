package schedule

import "context"

// Freeze lets no more events begin until Thaw, and blocks until those that run have ended. If ctx ends first, it returns its cause, and still no
// event begins. Events that wait stay where they are, and none of them is turned away meanwhile. Free events, which nothing waits for, run.
func (s *Scheduler) Freeze(ctx context.Context) error {
	s.mu.Lock()
	s.frozen = true
	if s.isQuiet() {
		s.mu.Unlock()
		return nil
	}
	if s.quiet == nil {
		s.quiet = make(chan struct{})
	}
	quiet := s.quiet
	s.mu.Unlock()
	select {
	case <-quiet:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Thaw ends Freeze: events begin in the order in which they have waited. What is over of their time by then counts after that.
func (s *Scheduler) Thaw() {
	s.mu.Lock()
	s.frozen = false
	s.expireNext()
	ready := s.assign(s.admit(nil))
	s.mu.Unlock()
	s.start(ready)
}

// isQuiet reports whether no event runs. It is called with mu held.
func (s *Scheduler) isQuiet() bool { return s.lane.running == 0 && s.outside.running == 0 }

// notifyQuiet is called with mu held when an event has ended.
func (s *Scheduler) notifyQuiet() {
	if s.quiet != nil && s.isQuiet() {
		close(s.quiet)
		s.quiet = nil
	}
}

// Waiting returns the events of the queue that have not begun, in their order, without removing them. It reports false if one has begun and not
// ended, or is about to. It is for a scheduler that is frozen: otherwise what it returns may begin at any time.
func (q *Queue) Waiting() (events []Event, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.running {
		if !q.scheduler.waits(q.current) {
			return nil, false
		}
		events = append(events, q.current.event)
	}
	for p := q.first; p != nil; p = p.next {
		events = append(events, p.event)
	}
	return events, true
}

func (s *Scheduler) waits(p *position) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return p.list != nil
}

// Begun returns the event of the queue that has begun and not ended, or is about to begin, or nil.
func (q *Queue) Begun() Event {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.running || q.scheduler.waits(q.current) {
		return nil
	}
	return q.current.event
}

// SetUnbounded makes the queue take events however many it has, so that Put and AwaitRoom do not block, or ends that.
func (q *Queue) SetUnbounded(unbounded bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.unbounded = unbounded
	q.notify()
}

// Abandon forgets the events of the queue, whose scheduler must be frozen and of which none may have begun. Neither Run nor Drop is called. From
// then on the queue takes nothing more.
func (q *Queue) Abandon() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.first, q.last, q.length, q.bytes = nil, nil, 0, 0
	q.seal()
	if q.running {
		q.scheduler.forget(q.current)
		q.running, q.current = false, nil
		q.scheduler.work.Done()
	}
}

// forget ends the wait of p without running it.
func (s *Scheduler) forget(p *position) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(p)
}
