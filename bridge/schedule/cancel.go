package schedule

import "container/list"

// withdraw ends the wait of p with err, unless it has just ended.
func (s *Scheduler) withdraw(p *position, err error) (ready []*Queue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.list == nil {
		return nil
	}
	return s.assign(s.admit(s.cancel(nil, p, err)))
}

// cancelAll ends the wait of all events that match with err.
func (s *Scheduler) cancelAll(err error, match func(*position) bool) (ready []*Queue) {
	var all []*position
	s.each(func(p *position) {
		if match(p) {
			all = append(all, p)
		}
	})
	for _, p := range all { // they still wait, though canceling one may move another from its session's list
		ready = s.cancel(ready, p, err)
	}
	return s.admit(ready)
}

// cancel ends the wait of p, which must be waiting, with err.
func (s *Scheduler) cancel(ready []*Queue, p *position, err error) []*Queue {
	s.remove(p)
	return s.endWait(ready, p, err)
}

// remove removes p, which must be waiting, from its list. It is called with mu held.
func (s *Scheduler) remove(p *position) {
	waitsForSession := p.session() != "" && p.list == s.sessions[p.session()]
	if p.remove(); !waitsForSession {
		s.room(p.Lane).waiting--
		s.releaseSession(p.session())
	}
}

// releaseSession lets the next event of a session wait for its turn.
func (s *Scheduler) releaseSession(id string) {
	if id == "" {
		return
	}
	others := s.sessions[id]
	if others.Len() == 0 {
		delete(s.sessions, id)
		return
	}
	p := others.Front().Value.(*position)
	p.remove()
	s.push(p)
}

// each calls f with each event that waits. f must not move any.
func (s *Scheduler) each(f func(*position)) {
	for _, r := range []*room{&s.lane, &s.outside} {
		for i := range r.lists {
			eachOf(&r.lists[i], f)
		}
	}
	for _, others := range s.sessions {
		eachOf(others, f)
	}
}

func eachOf(l *list.List, f func(*position)) {
	for e := l.Front(); e != nil; e = e.Next() {
		f(e.Value.(*position))
	}
}
