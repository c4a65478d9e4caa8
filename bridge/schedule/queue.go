package schedule

import (
	"sync"
	"time"
)

// Event is what waits in a Queue.
type Event interface {
	// Size is the number of bytes that it holds while it waits.
	Size() int
	// Terms is called when the event is the first of its queue.
	Terms() Terms
	// Run is called once, in a goroutine of its own or that of another event: with its turn, which ends when Run returns, or with
	// the error why its turn will not come.
	Run(t *Turn, err error)
	// Drop is called in place of Run when the queue is closed.
	Drop()
}

// Queue holds the events of one client, or of the server, in order, and runs them one at a time.
type Queue struct {
	scheduler *Scheduler
	limit     int // events that may wait after the first
	bytes     int // that they may hold; the event that goes over is still taken

	// Of the goroutine that has set running.
	first    Event
	position position

	mu      sync.Mutex    // guards the fields below
	changed chan struct{} // closed when there is room, or nothing runs; nil: nobody waits for that
	events  []Event       // after the first
	size    int           // bytes that they hold
	running bool          // the first event waits for its turn, or runs
	held    bool          // nothing starts before Release
	sealed  bool          // nothing more is taken
}

// NewQueue returns an empty queue.
func (s *Scheduler) NewQueue(limit, bytes int) *Queue {
	q := &Queue{scheduler: s, limit: limit, bytes: bytes}
	q.position.queue = q
	return q
}

// Put queues e and blocks while the queue is full. It reports whether e will run.
func (q *Queue) Put(e Event) bool {
	q.mu.Lock()
	for q.full() {
		q.wait()
	}
	return q.push(e, !q.sealed)
}

// Add is Put without the wait: it reports false if the queue is full.
func (q *Queue) Add(e Event) bool {
	q.mu.Lock()
	return q.push(e, !q.sealed && !q.full())
}

// Offer is Add for an event that need not run: it reports false if any other waits.
func (q *Queue) Offer(e Event) bool {
	q.mu.Lock()
	return q.push(e, !q.sealed && len(q.events) == 0)
}

// Last queues e, full or not, and refuses everything after it.
func (q *Queue) Last(e Event) bool {
	q.mu.Lock()
	taken := !q.sealed
	q.seal()
	return q.push(e, taken)
}

// push queues e if taken, and lets go of mu.
func (q *Queue) push(e Event, taken bool) bool {
	if !taken {
		q.mu.Unlock()
		return false
	}
	q.events = append(q.events, e)
	q.size += e.Size()
	begins := q.begin()
	q.mu.Unlock()
	if begins {
		q.submit()
	}
	return true
}

// begin takes the first event out for the caller to submit, if there is one and it may wait for its turn. It counts the event while mu
// is held: a drain queues the last event and then waits for those before it.
func (q *Queue) begin() bool {
	if q.held || q.running || len(q.events) == 0 {
		return false
	}
	q.running = true
	q.scheduler.work.Add(1)
	q.pop()
	return true
}

func (q *Queue) pop() {
	q.first = q.events[0]
	q.events[0] = nil
	q.events = q.events[1:]
	if len(q.events) == 0 {
		q.events = nil // an idle queue keeps no memory
	}
	q.size -= q.first.Size()
	q.tell()
}

// submit has the first event wait for its turn.
func (q *Queue) submit() {
	q.position.Terms = q.first.Terms()
	q.scheduler.start(q.scheduler.join(&q.position))
}

// runFirst runs the first event.
func (q *Queue) runFirst(t *Turn, err error) {
	e := q.first
	q.first = nil
	e.Run(t, err)
}

// next makes the next event the first one, and reports whether there was one that may wait for its turn.
func (q *Queue) next() bool {
	q.mu.Lock()
	q.running = false
	begins := q.begin()
	if !begins {
		q.tell()
	}
	q.mu.Unlock()
	if begins {
		q.position.Terms = q.first.Terms()
	}
	return begins
}

// Close drops the events after the first and refuses all others.
func (q *Queue) Close() {
	q.mu.Lock()
	dropped := q.events
	q.events, q.size = nil, 0
	q.seal()
	q.mu.Unlock()
	for _, e := range dropped {
		e.Drop()
	}
}

// AwaitRoom blocks while the queue is full, and calls meanwhile at intervals. It reports whether it has blocked.
func (q *Queue) AwaitRoom(interval time.Duration, meanwhile func()) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.full() {
		return false
	}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for q.full() {
		changed := q.listen()
		q.mu.Unlock()
		select {
		case <-changed:
		case <-tick.C:
			meanwhile()
		}
		q.mu.Lock()
	}
	return true
}

// Hold keeps events from starting until Release, for a caller that runs some itself. It blocks while the first one waits or runs.
func (q *Queue) Hold() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.held = true
	for q.running {
		q.wait()
	}
}

// Release is called once after Hold.
func (q *Queue) Release() {
	q.mu.Lock()
	q.held = false
	begins := q.begin()
	q.mu.Unlock()
	if begins {
		q.submit()
	}
}

// Len returns how many events wait after the first.
func (q *Queue) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.events)
}

// Busy reports whether an event waits or runs.
func (q *Queue) Busy() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.running || len(q.events) > 0
}

// full reports whether to wait for room. Nobody waits for a queue that takes nothing any more.
func (q *Queue) full() bool { return !q.sealed && (len(q.events) >= q.limit || q.size >= q.bytes) }

func (q *Queue) seal() {
	q.sealed = true
	q.tell()
}

// listen returns what the next tell closes.
func (q *Queue) listen() <-chan struct{} {
	if q.changed == nil {
		q.changed = make(chan struct{})
	}
	return q.changed
}

func (q *Queue) tell() {
	if q.changed != nil {
		close(q.changed)
		q.changed = nil
	}
}

// wait blocks until the next tell, and lets go of mu meanwhile.
func (q *Queue) wait() {
	changed := q.listen()
	q.mu.Unlock()
	<-changed
	q.mu.Lock()
}
