package schedule

import (
	"slices"
	"time"
)

// workerIdle is how long a worker waits for an event, at least; it may wait up to twice as long.
const workerIdle = time.Second

// worker is a goroutine that runs the events of queues, one after the other. It stays for a while when there is nothing to run, for a
// new goroutine for each event would grow its stack each time.
type worker struct {
	next  chan *Queue // closed when the worker is to end
	sweep int         // as counted when it began to wait; guarded by the scheduler's mutex
}

// Close ends the workers that wait for events and blocks until all workers have ended, the others after what they run.
func (s *Scheduler) Close() {
	s.mu.Lock()
	s.closed = true
	s.endIdle(len(s.idle))
	s.mu.Unlock()
	s.workers.Wait()
}

// assign gives queues whose events have their turn, or will not have it, to workers that wait, and returns those that need a new one. It
// is called with mu held, and never blocks.
func (s *Scheduler) assign(ready []*Queue) []*Queue {
	for len(ready) > 0 && len(s.idle) > 0 {
		last := len(s.idle) - 1
		s.idle[last].next <- ready[0]
		s.idle, ready = s.idle[:last], ready[1:]
	}
	return ready
}

// start starts a worker for each of queues.
func (s *Scheduler) start(queues []*Queue) {
	for _, q := range queues {
		s.workers.Go(func() { s.run(q) })
	}
}

// run runs the first event of q, then one that its end lets in, or one that the worker waits for.
func (s *Scheduler) run(q *Queue) {
	w := &worker{next: make(chan *Queue, 1)}
	for q != nil {
		turn, err := s.turnOf(&q.position), q.position.err
		if err != nil {
			turn = nil
		}
		q.runFirst(turn, err)
		next, others, waits := s.finish(turn, q, w)
		s.work.Done()
		s.start(others)
		if q = next; waits {
			q = <-w.next
		}
	}
}

// finish ends the turn of q's event and has q's next one wait for its own. It returns what w is to run next, or that w is to wait, and
// other queues that need a worker.
func (s *Scheduler) finish(t *Turn, q *Queue, w *worker) (next *Queue, others []*Queue, waits bool) {
	more := q.next()
	s.mu.Lock()
	defer s.mu.Unlock()
	if t != nil {
		s.out(t)
	}
	var ready []*Queue
	if more {
		ready = s.add(ready, &q.position)
	}
	if ready = s.admit(ready); more {
		s.setDeadline(&q.position)
	}
	if len(ready) > 0 {
		return ready[0], s.assign(ready[1:]), false
	}
	return nil, nil, s.wait(w)
}

// wait notes that w waits for an event. It reports false if w is to end instead. It is called with mu held.
func (s *Scheduler) wait(w *worker) bool {
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

// sweep ends the workers that have waited since the last sweep. They are the first ones, since the last to wait gets the next event.
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

// endIdle ends the first n workers that wait. It is called with mu held.
func (s *Scheduler) endIdle(n int) {
	for _, w := range s.idle[:n] {
		close(w.next)
	}
	s.idle = slices.Delete(s.idle, 0, n)
}
