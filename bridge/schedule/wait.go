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
	if p.Lane && s.enterLane(p) {
		return s.endWait(ready, p, nil)
	}
	ready = s.admit(s.add(ready, p))
	s.setDeadline(p)
	return ready
}

// enterLane lets an event of the lane run at once if nothing waits that could have a claim, which is the usual case.
func (s *Scheduler) enterLane(p *position) bool {
	if s.lane.waiting > 0 || s.outside.waiting > 0 || p.session() != "" || p.Free || s.paused || s.frozen || s.aborted != nil || !s.fitsLane(p) {
		return false
	}
	p.err = nil
	s.lane.count(p)
	return true
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
	r := s.room(p.Lane)
	r.waiting++
	p.pushTo(&r.lists[p.Terms.list()])
}

// room returns the lane or what is outside of it.
func (s *Scheduler) room(lane bool) *room {
	if lane {
		return &s.lane
	}
	return &s.outside
}

// admit lets events run while there is room for the next one. Events that run alone in the lane and events outside of it wait for each
// other to end, so that each have to let the others in.
func (s *Scheduler) admit(ready []*Queue) []*Queue {
	if s.paused || s.frozen {
		return ready
	}
	s.yield = false
	for p := s.lane.next(maxLane); p != nil && s.fitsLane(p); p = s.lane.next(maxLane) {
		ready = s.admitNext(ready, &s.lane, p, laneCost(p.Class))
	}
	for p := s.outside.next(s.width); p != nil && s.fitsOutside(p); p = s.outside.next(s.width) {
		ready = s.admitNext(ready, &s.outside, p, s.cost(p.Alone))
		s.passed = 0
	}
	return ready
}

func (s *Scheduler) admitNext(ready []*Queue, r *room, p *position, cost int) []*Queue {
	p.remove()
	r.waiting--
	r.count(p)
	r.quota -= cost
	return s.endWait(ready, p, nil)
}

// fitsLane reports whether one more event of the lane may run now. yield is set if one waits for the events outside to end.
func (s *Scheduler) fitsLane(p *position) bool {
	switch {
	case s.heldUp || s.lane.running >= s.laneWidth() || s.outside.alone > 0:
		return false
	case !p.Alone:
		return true
	case s.outside.running > 0:
		s.yield = true
		return false
	case s.outside.waiting > 0:
		if s.passed >= s.laneWidth() {
			return false
		}
		s.passed++
	}
	return true
}

// fitsOutside reports whether one more event outside of the lane may run now. After a Resize more than width may be running.
func (s *Scheduler) fitsOutside(p *position) bool {
	if s.yield || s.outside.alone > 0 {
		return false
	}
	if p.Alone {
		return s.outside.running == 0 && s.lane.running == 0
	}
	return s.lane.alone == 0 && s.outside.running-s.outside.resting-s.outside.joined < s.width
}

// laneCost is what an event of the lane takes of its list's quota, which does not change with the pace.
func laneCost(class Class) int {
	if class == Handshake {
		return maxLane / maxHandshakes
	}
	return 1
}

// cost is what an event outside of the lane takes of its list's quota.
func (s *Scheduler) cost(alone bool) int {
	if alone {
		return s.width
	}
	return 1
}

// endWait ends the wait of p; err says why it was not admitted.
func (s *Scheduler) endWait(ready []*Queue, p *position, err error) []*Queue {
	p.err = err
	if p.queue != nil && ready == nil {
		p.ready[0] = p.queue
		return p.ready[:]
	}
	if p.queue != nil {
		return append(ready, p.queue)
	}
	close(p.admitted)
	return ready
}
