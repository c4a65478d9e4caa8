package schedule

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// Scheduler gives events their turn: one alone, or up to width beside each other. The events of a list are let in first come, first
// served. The lists are served in turn, each time with one event that runs alone or with width events that do not, which takes about
// as long. Nobody overtakes the one that is next: an event that has to be alone waits only for those inside, and nobody starves.
type Scheduler struct {
	work *sync.WaitGroup // counts the events of queues, from the time that they wait to their end

	mu       sync.Mutex // guards the fields below, and every position
	width    int
	inside   int  // events
	alone    bool // the one that is inside runs alone
	lists    [lists]list.List
	sessions map[string]*list.List // of those that have their turn or wait for it: who waits for the session
	waiting  int                   // in lists
	at       int                   // the list whose turn it is
	left     int                   // of its turn, in events that run beside each other
	paused   bool                  // nobody is let in
	aborted  error                 // if not nil, no event of a queue has its turn any more

	idle    []*worker   // that wait for an event; the last one gets the next
	sweeps  int         // how often workers that wait were looked at
	sweeper *time.Timer // fires while workers wait
	closed  bool        // no worker waits any more
	workers sync.WaitGroup

	expiry  *time.Timer
	expires time.Time // when expiry fires; zero: never
}

// New returns a scheduler for at most width events beside each other. It counts in work what is not over; whoever waits for that knows
// that every event has ended.
func New(width int, work *sync.WaitGroup) *Scheduler {
	s := &Scheduler{width: width, work: work, sessions: map[string]*list.List{}}
	s.expiry = time.AfterFunc(time.Hour, s.expire)
	s.expiry.Stop()
	s.sweeper = time.AfterFunc(time.Hour, s.sweep)
	s.sweeper.Stop()
	return s
}

// Enter blocks until the turn of an event that belongs to no queue, or until ctx ends, whose cause it returns. A turn that is free is
// had even then. The other error is outcome.ErrQueueWait. Without an error the caller leaves the turn.
func (s *Scheduler) Enter(ctx context.Context, terms Terms) (*Turn, error) {
	p := &position{Terms: terms, in: make(chan struct{})}
	s.start(s.join(p))
	select {
	case <-p.in:
	case <-ctx.Done():
		s.start(s.withdraw(p, context.Cause(ctx))) // unless it was let in before
		<-p.in
	}
	if p.err != nil {
		return nil, p.err
	}
	return s.turnOf(p), nil
}

// turnOf returns the turn of an event that was let in.
func (s *Scheduler) turnOf(p *position) *Turn {
	if p.Free {
		return &Turn{}
	}
	return &Turn{scheduler: s, alone: p.Alone, session: p.session()}
}

// Resize lets at most width events run beside each other from now on. Those that run stay.
func (s *Scheduler) Resize(width int) {
	s.mu.Lock()
	s.width = width
	s.endIdle(max(0, len(s.idle)-width))
	ready := s.assign(s.admit(nil))
	s.mu.Unlock()
	s.start(ready)
}

// Abort ends the wait of every event of a queue with err, now and from now on.
func (s *Scheduler) Abort(err error) {
	s.mu.Lock()
	s.aborted = err
	ready := s.assign(s.giveAll(err, func(p *position) bool { return p.queue != nil }))
	s.mu.Unlock()
	s.start(ready)
}

func (s *Scheduler) leave(t *Turn) (ready []*Queue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out(t)
	return s.assign(s.admit(nil))
}

// out takes a turn back.
func (s *Scheduler) out(t *Turn) {
	if t.scheduler == nil {
		return
	}
	t.scheduler = nil
	s.inside--
	s.alone = s.alone && !t.alone
	s.releaseSession(t.session)
}
