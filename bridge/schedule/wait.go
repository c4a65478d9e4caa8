package schedule

import (
	"container/list"
	"iter"
)

// submit makes p wait until it is admitted. Like all functions that return ready, it returns the queues whose events no longer wait and
// for which the caller must start workers.
func (s *Scheduler) submit(p *position) (ready []*Queue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.assign(s.submitLocked(nil, p))
}

// submitLocked is submit for callers that hold mu. It appends to ready.
func (s *Scheduler) submitLocked(ready []*Queue, p *position) []*Queue {
	ready = s.admit(s.add(ready, p))
	s.setDeadline(p)
	return ready
}

// add puts p into a list, unless it need not wait.
func (s *Scheduler) add(ready []*Queue, p *position) []*Queue {
	p.err = nil
	if s.aborted != nil && p.queue != nil {
		return s.endWait(ready, p, s.aborted)
	}
	if p.Free {
		return s.endWait(ready, p, nil)
	}
	if id := p.session(); id != "" {
		if others := s.sessions[id]; others != nil {
			p.pushTo(others) // and not to a list, where it would be in the way of events that can run
			return ready
		}
		s.sessions[id] = list.New()
	}
	s.push(p)
	return ready
}

func (s *Scheduler) push(p *position) {
	s.waiting++
	p.pushTo(&s.lists[p.Terms.list()])
}

// admit lets events run while there is room for the next one.
func (s *Scheduler) admit(ready []*Queue) []*Queue {
	for !s.paused && s.waiting > 0 {
		s.selectList()
		p := s.lists[s.current].Front().Value.(*position)
		if !s.hasRoom(p.Alone) {
			break
		}
		p.remove()
		s.waiting--
		s.running++
		s.alone = p.Alone
		s.quota -= s.cost(p.Alone)
		ready = s.endWait(ready, p, nil)
	}
	return ready
}

// selectList moves on to the next list with an event, if the current one is empty or has used its quota.
func (s *Scheduler) selectList() {
	for s.quota <= 0 || s.lists[s.current].Len() == 0 {
		s.current, s.quota = (s.current+1)%listCount, s.width
	}
}

// hasRoom reports whether one more event may run now. After a Resize more than width may be running.
func (s *Scheduler) hasRoom(alone bool) bool {
	if alone {
		return s.running == 0
	}
	return !s.alone && s.running < s.width
}

// cost is what an event takes of its list's quota.
func (s *Scheduler) cost(alone bool) int {
	if alone {
		return s.width
	}
	return 1
}

// endWait ends the wait of p; err says why it was not admitted.
func (s *Scheduler) endWait(ready []*Queue, p *position, err error) []*Queue {
	p.err = err
	if p.queue != nil {
		return append(ready, p.queue)
	}
	close(p.admitted)
	return ready
}

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
	for p := range s.all() {
		if match(p) {
			all = append(all, p)
		}
	}
	for _, p := range all { // they still wait, though canceling one may move another from its session's list
		ready = s.cancel(ready, p, err)
	}
	return s.admit(ready)
}

// cancel ends the wait of p, which must be waiting, with err.
func (s *Scheduler) cancel(ready []*Queue, p *position, err error) []*Queue {
	waitsForSession := p.session() != "" && p.list == s.sessions[p.session()]
	if p.remove(); !waitsForSession {
		s.waiting--
		s.releaseSession(p.session())
	}
	return s.endWait(ready, p, err)
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

// all iterates over all events that wait.
func (s *Scheduler) all() iter.Seq[*position] {
	return func(yield func(*position) bool) {
		for i := range s.lists {
			if !each(&s.lists[i], yield) {
				return
			}
		}
		for _, l := range s.sessions {
			if !each(l, yield) {
				return
			}
		}
	}
}

func each(l *list.List, yield func(*position) bool) bool {
	for e := l.Front(); e != nil; e = e.Next() {
		if !yield(e.Value.(*position)) {
			return false
		}
	}
	return true
}
