package schedule

import "sync"

// Event is what a Queue holds. It embeds a Place, and is queued once.
type Event interface {
	position() *position
	// Size returns the number of bytes that it holds while it waits. It must not change.
	Size() int
	// Terms is called when the event becomes the current one of its queue.
	Terms() Terms
	// Run is called once, in a goroutine of the scheduler, with the event's turn, which ends when Run returns true. If the event will not
	// get a turn, err says why and t is nil. Run may return false for an event in the lane, which goes on then, and calls t.End when it has
	// ended. For these Run must not block, since it is called wherever the event is let in. An event that Turn.Join has taken is not run.
	Run(t *Turn, err error) (ended bool)
	// Drop is called instead of Run when the queue is closed before.
	Drop()
}

// Queue holds the events of one client, or of the server, in order, and runs them one at a time. The current event has left the queue
// and waits for its turn, or runs.
type Queue struct {
	scheduler *Scheduler
	maxEvents int
	maxBytes  int // the event that exceeds it is still taken

	// Owned by the goroutine that has set running.
	current *position // nil: there is no current event

	mu          sync.Mutex    // guards the fields below
	changed     chan struct{} // closed by notify; nil: nothing waits for that
	halved      chan struct{} // closed by notify when the queue is half empty; nil: likewise
	first, last *position     // of the events without the current one
	length      int           // of these
	bytes       int           // that they hold
	running     bool          // there is a current event
	held        bool          // nothing becomes current before Release
	sealed      bool          // nothing more is taken
	unbounded   bool          // it is never full
}

// NewQueue returns an empty queue. It is full once it holds maxEvents or maxBytes, the current event not included.
func (s *Scheduler) NewQueue(maxEvents, maxBytes int) *Queue {
	return &Queue{scheduler: s, maxEvents: maxEvents, maxBytes: maxBytes}
}

// Put queues e and blocks while the queue is full. It reports false if the queue takes nothing more.
func (q *Queue) Put(e Event) bool {
	q.mu.Lock()
	for q.isFull() {
		q.wait()
	}
	return q.push(e, !q.sealed)
}

// Add queues e without blocking. It reports false if the queue is full or takes nothing more.
func (q *Queue) Add(e Event) bool {
	q.mu.Lock()
	return q.push(e, !q.sealed && !q.isFull())
}

// Offer is Add for an event that can be left out: it reports false if there is any event after the current one.
func (q *Queue) Offer(e Event) bool {
	q.mu.Lock()
	return q.push(e, !q.sealed && q.length == 0)
}

// Last queues e even if the queue is full. From then on the queue takes nothing more. It reports false if that was so before.
func (q *Queue) Last(e Event) bool {
	q.mu.Lock()
	ok := !q.sealed
	q.seal()
	return q.push(e, ok)
}

// push queues e if ok, and unlocks mu.
func (q *Queue) push(e Event, ok bool) bool {
	if !ok {
		q.mu.Unlock()
		return false
	}
	q.append(e)
	begins := q.begin()
	q.mu.Unlock()
	if begins {
		q.submit()
	}
	return true
}

func (q *Queue) append(e Event) {
	p := e.position()
	p.queue, p.event = q, e
	if q.last == nil {
		q.first = p
	} else {
		q.last.next = p
	}
	q.last = p
	q.length++
	q.bytes += e.Size()
}

// begin makes the first event the current one, if that is possible. The caller must submit it. It is counted while mu is held, since a
// drain queues the last event and then waits for those before it.
func (q *Queue) begin() bool {
	if q.held || q.running || q.length == 0 {
		return false
	}
	q.running = true
	q.scheduler.work.Add(1)
	q.pop()
	return true
}

func (q *Queue) pop() {
	p := q.first
	if q.first, p.next = p.next, nil; q.first == nil {
		q.last = nil
	}
	q.current = p
	q.length--
	q.bytes -= p.event.Size()
	q.notify()
}

// submit makes the current event wait for its turn.
func (q *Queue) submit() {
	q.current.Terms = q.current.event.Terms()
	q.scheduler.start(q.scheduler.submit(q.current))
}

// next makes the next event the current one, for the caller to submit. It reports whether there is one.
func (q *Queue) next() bool {
	q.mu.Lock()
	q.running, q.current = false, nil
	begins := q.begin()
	if !begins {
		q.notify()
	}
	q.mu.Unlock()
	if begins {
		q.current.Terms = q.current.event.Terms()
	}
	return begins
}

// Close drops all events but the current one. From then on the queue takes nothing more.
func (q *Queue) Close() {
	q.mu.Lock()
	dropped := q.first
	q.first, q.last, q.length, q.bytes = nil, nil, 0, 0
	q.seal()
	q.mu.Unlock()
	for p := dropped; p != nil; p = p.next {
		p.event.Drop()
	}
}

// Len returns how many events the queue holds, without the current one.
func (q *Queue) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.length
}

// Busy reports whether an event waits or runs.
func (q *Queue) Busy() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.running || q.length > 0
}

// isFull reports whether it makes sense to wait for room.
func (q *Queue) isFull() bool {
	return !q.sealed && !q.unbounded && (q.length >= q.maxEvents || q.bytes >= q.maxBytes)
}

func (q *Queue) seal() {
	q.sealed = true
	q.notify()
}
