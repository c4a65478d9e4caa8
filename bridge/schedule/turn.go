package schedule

// Turn is the right of an event to run. Only one goroutine at a time may use it.
type Turn struct {
	scheduler *Scheduler // nil: the turn has ended, or was free
	alone     bool
	session   string
}

// Covers reports whether the turn has not ended and allows an event to run, alone or beside others.
func (t *Turn) Covers(alone bool) bool { return t.scheduler != nil && (t.alone || !alone) }

// Leave ends the turn, so that other events can run. It may be called again.
func (t *Turn) Leave() {
	if s := t.scheduler; s != nil {
		s.start(s.leave(t))
	}
}

// turnOf returns the turn of an event that was admitted.
func (s *Scheduler) turnOf(p *position) *Turn {
	if p.Free {
		return &Turn{}
	}
	return &Turn{scheduler: s, alone: p.Alone, session: p.session()}
}

func (s *Scheduler) leave(t *Turn) (ready []*Queue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.release(t)
	return s.assign(s.admit(nil))
}

// release ends a turn, for callers that hold mu and then call admit.
func (s *Scheduler) release(t *Turn) {
	if t.scheduler == nil {
		return
	}
	t.scheduler = nil
	s.running--
	s.alone = s.alone && !t.alone
	s.releaseSession(t.session)
}
