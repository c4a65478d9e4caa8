package schedule

import (
	"container/list"
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Scheduler lets events run: one alone, or up to width together. Each list is served in order. The lists take turns: at each turn one
// event that runs alone is admitted, or up to width others, which take about as long. An event that does not fit yet is not overtaken:
// one that runs alone waits only for the events that run already, and nothing starves.
type Scheduler struct {
	work *sync.WaitGroup // counts the events of queues, from the start of their wait to their end

	pace atomic.Int64 // how many events of the lane may run together; 0: maxLane

	mu       sync.Mutex // guards the fields below, and every position
	width    int
	lane     room
	outside  room
	yield    bool                  // an event of the lane waits for those outside to end
	passed   int                   // events that have run alone in the lane while others waited outside
	sessions map[string]*list.List // of each session with an event that runs or is in lists, the other events
	paused   bool
	heldUp   bool          // no event of the lane is admitted
	frozen   bool          // see Freeze
	quiet    chan struct{} // closed when no event runs; nil: nobody waits for that
	aborted  error         // if not nil, events of queues are not admitted any more

	idle    []*worker   // the one that became idle last gets the next event
	sweeps  int         // number of sweeps so far
	sweeper *time.Timer // runs while there are idle workers
	closed  bool        // workers end instead of becoming idle
	workers sync.WaitGroup

	expiry  *time.Timer
	expires time.Time // when expiry fires; zero: never
}

// maxLane is how many events of the lane may run together at most: be queued in PHP, since one runs after the other.
const maxLane = 256

// maxHandshakes is how many handshakes follow each other in the lane at most while others wait.
const maxHandshakes = 16

// SetPace sets how many events of the lane may run together, from 1 on. The next end of one lets more in.
func (s *Scheduler) SetPace(n int) {
	if n = min(n, maxLane); s.pace.Load() != int64(n) { // to write it is to take it out of other processors' caches
		s.pace.Store(int64(n))
	}
}

func (s *Scheduler) laneWidth() int {
	if n := s.pace.Load(); n > 0 {
		return int(n)
	}
	return maxLane
}

// New returns a Scheduler that lets up to width events run together. It counts the events of its queues in work: waiting for that waits
// until all have ended. Close must be called at the end.
func New(width int, work *sync.WaitGroup) *Scheduler {
	s := &Scheduler{width: width, work: work, sessions: map[string]*list.List{}}
	s.expiry = time.AfterFunc(time.Hour, s.expire)
	s.expiry.Stop()
	s.sweeper = time.AfterFunc(time.Hour, s.sweep)
	s.sweeper.Stop()
	return s
}

// Enter blocks until an event that is in no queue may run. The caller must leave the turn. The error is outcome.ErrQueueWait or, when ctx
// ends first, its cause. A free event does not wait, whatever ctx says.
func (s *Scheduler) Enter(ctx context.Context, terms Terms) (*Turn, error) {
	p := &position{Terms: terms, admitted: make(chan struct{})}
	s.start(s.submit(p))
	select {
	case <-p.admitted:
	case <-ctx.Done():
		s.start(s.withdraw(p, context.Cause(ctx)))
		<-p.admitted // closed by withdraw, unless it was closed before
	}
	if p.err != nil {
		return nil, p.err
	}
	return s.turnOf(p), nil
}

// Resize changes how many events may run together. Events that run already stay.
func (s *Scheduler) Resize(width int) {
	s.mu.Lock()
	s.width = width
	s.endIdle(max(0, len(s.idle)-width))
	ready := s.assign(s.admit(nil))
	s.mu.Unlock()
	s.start(ready)
}

// Abort ends the wait of all events of queues with err, now and from now on. Free events still run.
func (s *Scheduler) Abort(err error) {
	s.mu.Lock()
	s.aborted = err
	ready := s.assign(s.cancelAll(err, func(p *position) bool { return p.queue != nil }))
	s.mu.Unlock()
	s.start(ready)
}
