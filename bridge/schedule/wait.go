package schedule

import (
	"container/list"
	"iter"
)

// join has p wait for its turn.
func (s *Scheduler) join(p *position) (ready []*Queue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ready = s.admit(s.add(nil, p))
	s.setDeadline(p)
	return s.assign(ready)
}

// add is join for callers that hold mu, admit and set the deadline. It appends p's queue to ready if p does not wait.
func (s *Scheduler) add(ready []*Queue, p *position) []*Queue {
	p.err = nil
	if s.aborted != nil && p.queue != nil {
		return s.tell(ready, p, s.aborted)
	}
	if p.Free {
		return s.tell(ready, p, nil)
	}
	if id := p.session(); id != "" {
		if others := s.sessions[id]; others != nil {
			p.stand(others)
			return ready
		}
		s.sessions[id] = list.New()
	}
	s.queue(p)
	return ready
}

// queue puts p into its list. One that waits for its session does not stand there: it would keep others out.
func (s *Scheduler) queue(p *position) {
	s.waiting++
	p.stand(&s.lists[p.Terms.list()])
}

// admit lets in who has its turn now, and returns the queues among them besides ready.
func (s *Scheduler) admit(ready []*Queue) []*Queue {
	for !s.paused && s.waiting > 0 {
		s.pass()
		p := s.lists[s.at].Front().Value.(*position)
		if !s.fits(p.Alone) {
			break
		}
		p.step()
		s.waiting--
		s.inside++
		s.alone = p.Alone
		s.left -= s.weight(p.Alone)
		ready = s.tell(ready, p, nil)
	}
	return ready
}

// pass gives the turn to the next list in which somebody waits, if the turn is over or of no use.
func (s *Scheduler) pass() {
	for s.left <= 0 || s.lists[s.at].Len() == 0 {
		s.at, s.left = (s.at+1)%lists, s.width
	}
}

// fits reports whether there is room; after a Resize there may be more inside than width.
func (s *Scheduler) fits(alone bool) bool {
	if alone {
		return s.inside == 0
	}
	return !s.alone && s.inside < s.width
}

// weight is what an event takes of its list's turn.
func (s *Scheduler) weight(alone bool) int {
	if alone {
		return s.width
	}
	return 1
}

// tell ends p's wait. It appends p's queue to ready, if p is a queue's.
func (s *Scheduler) tell(ready []*Queue, p *position, err error) []*Queue {
	p.err = err
	if p.queue != nil {
		return append(ready, p.queue)
	}
	close(p.in)
	return ready
}

// withdraw ends the wait of p with err, unless it is over.
func (s *Scheduler) withdraw(p *position, err error) (ready []*Queue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.list == nil {
		return nil // in the same moment
	}
	return s.assign(s.admit(s.give(nil, p, err)))
}

// giveAll ends with err the wait of those that given picks.
func (s *Scheduler) giveAll(err error, given func(*position) bool) (ready []*Queue) {
	var all []*position
	for p := range s.all() {
		if given(p) {
			all = append(all, p)
		}
	}
	for _, p := range all { // each still waits, though perhaps no longer for its session
		ready = s.give(ready, p, err)
	}
	return s.admit(ready)
}

// give ends the wait of p, which waits, with err.
func (s *Scheduler) give(ready []*Queue, p *position, err error) []*Queue {
	forSession := p.session() != "" && p.list == s.sessions[p.session()]
	if p.step(); !forSession {
		s.waiting--
		s.releaseSession(p.session())
	}
	return s.tell(ready, p, err)
}

// releaseSession lets the next event with that session wait for its turn.
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
	p.step()
	s.queue(p)
}

// all iterates over those that wait.
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
