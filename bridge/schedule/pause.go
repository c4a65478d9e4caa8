package schedule

// Pause lets no more events run until Resume. Events that run already go on. It reports whether there was no pause before.
func (s *Scheduler) Pause() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := !s.paused
	s.paused = true
	return changed
}

// Resume ends a pause. The wait of all events without PauseCounts begins anew. It reports whether there was a pause.
func (s *Scheduler) Resume() bool {
	s.mu.Lock()
	changed := s.paused
	s.paused = false
	if changed {
		s.each(func(p *position) {
			if !p.PauseCounts {
				s.setDeadline(p)
			}
		})
	}
	ready := s.assign(s.admit(nil))
	s.mu.Unlock()
	s.start(ready)
	return changed
}

// HoldLane lets no more events run in the lane until it is called with false, since what runs there takes long. Unlike in a pause the time that
// they wait counts, and those outside of the lane run.
func (s *Scheduler) HoldLane(held bool) {
	s.mu.Lock()
	s.heldUp = held
	ready := s.assign(s.admit(nil))
	s.mu.Unlock()
	s.start(ready)
}

// Paused reports whether there is a pause.
func (s *Scheduler) Paused() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.paused
}
