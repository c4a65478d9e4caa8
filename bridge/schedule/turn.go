package schedule

// Turn is the right of an event to run. Only one goroutine at a time may use it.
type Turn struct {
	scheduler *Scheduler // nil: the turn has ended, or was free
	alone     bool
	lane      bool
	rests     bool
	joined    bool // it has no place of its own
	session   string
	// Of an event of a queue.
	queue *Queue
	owner *Scheduler
}

// Covers reports whether the turn has not ended and allows an event to run, alone or beside others, in the lane or outside of it.
func (t *Turn) Covers(alone, lane bool) bool {
	return t.scheduler != nil && !t.rests && (t.alone || !alone) && t.lane == lane
}

// BeAlone makes the turn of an event of the lane that of one that runs alone, if nothing runs or waits outside of the lane. It reports whether
// it is one.
func (t *Turn) BeAlone() bool {
	s := t.scheduler
	if s == nil || !t.lane {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !t.alone && s.outside.running == 0 && s.outside.waiting == 0 {
		t.alone = true
		s.lane.alone++
	}
	return t.alone
}

// Rest lets one more event run beside others before the turn ends. An event that has to run alone still waits for its end. Rest is for an
// event that needs nothing of php-fpm any more and waits for another event.
func (t *Turn) Rest() {
	if s := t.scheduler; s != nil {
		s.start(s.rest(t))
	}
}

// Leave ends the turn, so that other events can run. It may be called again.
func (t *Turn) Leave() {
	if s := t.scheduler; s != nil {
		s.start(s.leave(t))
	}
}

// End ends the turn of an event whose Run has returned false or that was joined, and lets the next event of its queue run. It must be called once.
func (t *Turn) End() {
	s := t.owner
	ready := s.end(t)
	s.work.Done()
	s.start(ready)
}

// end ends t and submits the event after it.
func (s *Scheduler) end(t *Turn) (ready []*Queue) {
	q := t.queue
	more := q.next()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.release(t)
	if more {
		return s.assign(s.submitLocked(nil, q.current))
	}
	return s.assign(s.admit(nil))
}

// turnOf returns the turn of an event that was admitted.
func (s *Scheduler) turnOf(p *position) *Turn {
	p.turn = Turn{queue: p.queue, owner: s}
	if !p.Free {
		p.turn.scheduler, p.turn.alone, p.turn.lane, p.turn.session = s, p.Alone, p.Lane, p.session()
	}
	return &p.turn
}

func (s *Scheduler) leave(t *Turn) (ready []*Queue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.release(t)
	return s.assign(s.admit(nil))
}

func (s *Scheduler) rest(t *Turn) (ready []*Queue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !t.rests && !t.joined {
		t.rests = true
		s.room(t.lane).resting++
	}
	return s.assign(s.admit(nil))
}

// release ends a turn, for callers that hold mu and then call admit.
func (s *Scheduler) release(t *Turn) {
	if t.scheduler == nil {
		return
	}
	t.scheduler = nil
	r := s.room(t.lane)
	r.running--
	if t.rests {
		r.resting--
	}
	if t.joined {
		r.joined--
	}
	if t.alone {
		r.alone--
	}
	s.releaseSession(t.session)
	s.notifyQuiet()
}
