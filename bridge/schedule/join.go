package schedule

// Joined is an event that runs in the place of another one's turn.
type Joined struct {
	Event Event
	Turn  *Turn // its own, without a place
}

// Join takes events that wait, to run them together with that of the turn, which has to be outside of the lane, and in its place. They are those
// that come next among the events that run beside others, in order, as long as each has the Terms for it. most counts the turn's own event, too.
// For each the caller has to call either End or PutBack of its turn instead of the event's Run. None is taken while an event that runs alone is
// next: that waits for those that run already only.
func (t *Turn) Join(most int) []Joined {
	s := t.scheduler
	if s == nil || t.lane || t.alone {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Joined
	for p := s.nextJoined(); p != nil && len(all)+1 < min(most, p.Share); p = s.nextJoined() {
		most = min(most, p.Share)
		p.remove()
		s.outside.waiting--
		s.outside.count(p)
		s.outside.joined++
		turn := s.turnOf(p)
		turn.joined = true
		all = append(all, Joined{p.event, turn})
	}
	return all
}

// nextJoined returns the event that could be joined next, or nil.
func (s *Scheduler) nextJoined() *position {
	if s.paused || s.frozen || s.aborted != nil || s.yield {
		return nil
	}
	if next := s.outside.next(s.width); next == nil || next.Alone {
		return nil
	}
	if first := s.outside.lists[besideList].Front(); first != nil {
		return first.Value.(*position)
	}
	return nil
}

// PutBack makes an event that was joined and has not run wait again, before the others, under the terms that it has now.
func (t *Turn) PutBack(e Event) {
	p, s := e.position(), t.owner
	p.Terms = e.Terms()
	s.start(s.putBack(t, p))
}

func (s *Scheduler) putBack(t *Turn, p *position) (ready []*Queue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.release(t)
	p.isFirst = true
	ready = s.submitLocked(nil, p)
	p.isFirst = false
	return s.assign(ready)
}
