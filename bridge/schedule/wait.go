package schedule

import "container/list"

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
	if p.Free {
		return s.endWait(ready, p, nil)
	}
	if s.aborted != nil && p.queue != nil {
		return s.endWait(ready, p, s.aborted)
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
