package schedule

import (
	"slices"
	"time"
)

// workerIdle is how long an idle worker stays at least; it stays at most twice as long.
const workerIdle = time.Second

// worker is a goroutine that runs the events of queues, one after the other. It stays for a while when there is nothing to run: a new
// goroutine for each event would have to grow its stack each time.
type worker struct {
	next  chan *Queue // closed to end the worker
	sweep int         // number of sweeps when it became idle; guarded by the scheduler's mutex
}

// Close ends idle workers and blocks until the others have ended after what they run. No event may be queued any more.
func (s *Scheduler) Close() {
	s.mu.Lock()
	s.closed = true
	s.endIdle(len(s.idle))
	s.mu.Unlock()
	s.workers.Wait()
}

// assign hands ready queues to idle workers and returns those that need new workers, or none. It is called with mu held and never blocks.
func (s *Scheduler) assign(ready []*Queue) []*Queue {
	left := ready[:0]
	for _, q := range ready {
		last := len(s.idle) - 1
		if last < 0 || q.runsHere() {
			left = append(left, q)
			continue
		}
		s.idle[last].next <- q
		s.idle = s.idle[:last]
	}
	return left
}

// runsHere reports whether the current event of q needs no worker, since its Run does not block.
func (q *Queue) runsHere() bool { return q.current.Lane && q.current.err == nil && !q.current.Free }

// start runs the current events of queues, each in a worker of its own if it needs one.
func (s *Scheduler) start(queues []*Queue) {
	for len(queues) > 0 {
		q := queues[0]
		queues = queues[1:]
		if !q.runsHere() {
			s.workers.Go(func() { s.run(q) })
			continue
		}
		turn := s.turnOf(q.current)
		ended := q.current.event.Run(turn, nil)
		if ended {
			queues = append(queues, s.end(turn)...)
			s.work.Done()
		}
	}
}

// run runs the current event of q, then events of other queues until the worker has to end.
func (s *Scheduler) run(q *Queue) {
	w := &worker{next: make(chan *Queue, 1)}
	for q != nil {
		var turn *Turn
		p := q.current
		if p.err == nil {
			turn = s.turnOf(p)
		}
		_ = p.event.Run(turn, p.err)
		next, others, isIdle := s.finish(turn, q, w)
		s.work.Done()
		s.start(others)
		if q = next; isIdle {
			q = <-w.next
		}
	}
}

// finish ends the turn of q's current event and submits the one after it. It returns the queue that w continues with, or else whether w is
// idle, and other queues that need workers.
func (s *Scheduler) finish(t *Turn, q *Queue, w *worker) (next *Queue, others []*Queue, isIdle bool) {
	more := q.next()
	s.mu.Lock()
	defer s.mu.Unlock()
	if t != nil {
		s.release(t)
	}
	var ready []*Queue
	if more {
		ready = s.submitLocked(nil, q.current)
	} else {
		ready = s.admit(nil)
	}
	for i, other := range ready {
		if !other.runsHere() {
			return other, s.assign(slices.Delete(ready, i, i+1)), false
		}
	}
	return nil, ready, s.addIdle(w)
}

// addIdle reports false if w has to end instead. It is called with mu held.
func (s *Scheduler) addIdle(w *worker) bool {
	if s.closed || len(s.idle) >= s.width {
		return false
	}
	if len(s.idle) == 0 {
		s.sweeper.Reset(workerIdle)
	}
	w.sweep = s.sweeps
	s.idle = append(s.idle, w)
	return true
}

// sweep ends the workers that were idle at the last sweep already. They are the first ones, as the last one gets the next event.
func (s *Scheduler) sweep() {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := 0
	for old < len(s.idle) && s.idle[old].sweep < s.sweeps {
		old++
	}
	s.endIdle(old)
	if s.sweeps++; len(s.idle) > 0 {
		s.sweeper.Reset(workerIdle)
	}
}

// endIdle ends the first n idle workers. It is called with mu held.
func (s *Scheduler) endIdle(n int) {
	for _, w := range s.idle[:n] {
		close(w.next)
	}
	s.idle = slices.Delete(s.idle, 0, n)
}
