package schedule

// worker is a goroutine that runs the events of queues, one after the other. It stays when there is nothing to run, as many as may run
// beside each other: a new goroutine for each event would grow its stack each time.
type worker chan *Queue // its next queue; closed when the worker is to end

// Close ends the workers that wait for events and blocks until all workers have ended, the others after what they run.
func (s *Scheduler) Close() {
	s.mu.Lock()
	s.closed = true
	for _, w := range s.idle {
		close(w)
	}
	s.idle = nil
	s.mu.Unlock()
	s.workers.Wait()
}

// assign gives queues whose events have their turn, or will not have it, to workers that wait, and returns those that need a new one. It
// is called with mu held, and never blocks.
func (s *Scheduler) assign(ready []*Queue) []*Queue {
	for len(ready) > 0 && len(s.idle) > 0 {
		last := len(s.idle) - 1
		s.idle[last] <- ready[0]
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
	w := make(worker, 1)
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
			q = <-w
		}
	}
}

// finish ends the turn of q's event and has q's next one wait for its own. It returns what w is to run next, or that w is to wait, and
// other queues that need a worker.
func (s *Scheduler) finish(t *Turn, q *Queue, w worker) (next *Queue, others []*Queue, waits bool) {
	more := q.next()
	s.mu.Lock()
	defer s.mu.Unlock()
	if t != nil {
		s.out(t)
	}
	var ready []*Queue
	if more {
		s.work.Add(1)
		ready = s.add(ready, &q.position)
	}
	if ready = s.admit(ready); more {
		s.setDeadline(&q.position)
	}
	if len(ready) > 0 {
		return ready[0], s.assign(ready[1:]), false
	}
	if waits = !s.closed && len(s.idle) < s.width; waits {
		s.idle = append(s.idle, w)
	}
	return nil, nil, waits
}
