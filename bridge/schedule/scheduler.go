package schedule

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// Scheduler lets events run: one alone, or up to width together. Each list is served in order. The lists take turns: at each turn one
// event that runs alone is admitted, or up to width others, which take about as long. An event that does not fit yet is not overtaken:
// one that runs alone waits only for the events that run already, and nothing starves.
type Scheduler struct {
	work *sync.WaitGroup // counts the events of queues, from the start of their wait to their end

	mu       sync.Mutex // guards the fields below, and every position
	width    int
	running  int  // events that have been admitted
	alone    bool // the one that runs is alone
	lists    [listCount]list.List
	waiting  int                   // events in lists
	current  int                   // the list whose turn it is
	quota    int                   // events that it may still admit in this turn
	sessions map[string]*list.List // of each session with an event that runs or is in lists, the other events
	paused   bool
	aborted  error // if not nil, events of queues are not admitted any more

	idle    []*worker   // the one that became idle last gets the next event
	sweeps  int         // number of sweeps so far
	sweeper *time.Timer // runs while there are idle workers
	closed  bool        // workers end instead of becoming idle
	workers sync.WaitGroup

	expiry  *time.Timer
	expires time.Time // when expiry fires; zero: never
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
