package schedule

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsbridge/wsbridge/bridge/outcome"
)

const (
	stressQueues   = 5
	stressEvents   = 12 // of each queue
	stressMaxWidth = 4
)

// stress runs random events in a scheduler that is paused, resized and aborted at random.
type stress struct {
	t         *testing.T
	scheduler *Scheduler
	work      sync.WaitGroup
	tails     sync.WaitGroup // goroutines that end events of the lane

	mu       sync.Mutex // guards the fields below
	random   *rand.Rand
	outside  insiders
	lane     insiders
	resting  int // outside of the lane
	sessions map[string]bool
	ended    map[*stressed]int
	aborted  bool
}

// insiders are events that run.
type insiders struct{ all, alone int }

func (i *insiders) count(terms Terms, n int) {
	i.all += n
	if terms.Alone {
		i.alone += n
	}
}

func (s *stress) n(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.random.IntN(n)
}

// sleep lasts up to 5 whole milliseconds, so that much happens at the same time.
func (s *stress) sleep() { time.Sleep(time.Duration(s.n(6)) * time.Millisecond) }

func (s *stress) terms() Terms {
	t := Terms{Class: Class(s.n(3)), Alone: s.n(4) == 0, Free: s.n(8) == 0, PauseCounts: s.n(2) == 0, Lane: s.n(2) == 0}
	t.Session = []string{"", "", "anna", "bert"}[s.n(4)]
	if s.n(3) == 0 {
		t.Limit = time.Duration(1+s.n(30)) * time.Millisecond
	}
	return t
}

// begins checks that an event may run now.
func (s *stress) begins(terms Terms) {
	s.mu.Lock()
	defer s.mu.Unlock()
	outside, session := s.outside.all+s.resting, terms.session()
	ok := s.outside.alone == 0 && (session == "" || !s.sessions[session])
	switch {
	case terms.Lane:
		ok = ok && (!terms.Alone || outside == 0)
		s.lane.count(terms, 1)
	case terms.Alone:
		ok = ok && outside == 0 && s.lane.all == 0
		s.outside.count(terms, 1)
	default:
		ok = ok && s.lane.alone == 0 && s.outside.all < stressMaxWidth
		s.outside.count(terms, 1)
	}
	if !ok {
		s.t.Errorf("%+v runs beside %+v and %d that rest, and in the lane %+v; sessions: %v", terms, s.outside, s.resting, s.lane, s.sessions)
	}
	if session != "" {
		s.sessions[session] = true
	}
}

func (s *stress) ends(terms Terms, rested int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resting -= rested
	switch {
	case terms.Lane:
		s.lane.count(terms, -1)
	case rested == 0:
		s.outside.count(terms, -1)
	case terms.Alone:
		s.outside.alone--
	}
	delete(s.sessions, terms.session())
}

// runs runs an event for a while. Some rest after that.
func (s *stress) runs(terms Terms, turn *Turn) {
	if terms.Free {
		s.sleep()
		return
	}
	s.begins(terms)
	s.sleep()
	if s.n(4) > 0 {
		s.ends(terms, 0)
		return
	}
	s.mu.Lock()
	if terms.Lane {
		s.mu.Unlock()
		s.ends(terms, 0)
		return
	}
	s.outside.all--
	s.resting++
	s.mu.Unlock()
	turn.Rest()
	s.sleep()
	s.ends(terms, 1)
}

// fails checks why an event did not get a turn.
func (s *stress) fails(terms Terms, err error, queued bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case queued && s.aborted && errors.Is(err, outcome.ErrDrained):
	case terms.Limit > 0 && !terms.Free && errors.Is(err, outcome.ErrQueueWait):
	case !queued && errors.Is(err, context.DeadlineExceeded):
	default:
		s.t.Errorf("%+v: %v", terms, err)
	}
}

// stressed is an event of a queue. Some outside of the lane need a second turn, like events whose code has changed.
type stressed struct {
	Place
	*stress
	queue  *stressQueue
	number int
	terms  Terms
}

func (e *stressed) Size() int    { return 1 }
func (e *stressed) Terms() Terms { return e.terms }
func (e *stressed) Drop()        { e.end() }

func (e *stressed) end() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended[e]++
}

func (e *stressed) Run(turn *Turn, err error) bool {
	if err == nil && e.terms.Lane && !e.terms.Free {
		e.runInLane(turn)
		return false
	}
	defer e.end()
	e.queue.begins(e)
	defer e.queue.ends()
	if err != nil {
		e.fails(e.terms, err, true)
		return true
	}
	e.runs(e.terms, turn)
	if e.n(4) > 0 {
		return true
	}
	turn.Leave()
	e.enter(context.Background(), e.terms)
	return true
}

// runInLane lets another goroutine end the event.
func (e *stressed) runInLane(turn *Turn) {
	e.queue.begins(e)
	e.begins(e.terms)
	e.tails.Go(func() {
		e.sleep()
		e.ends(e.terms, 0)
		e.queue.ends()
		e.end()
		turn.End()
	})
}

// enter runs an event that is in no queue.
func (s *stress) enter(ctx context.Context, terms Terms) {
	turn, err := s.scheduler.Enter(ctx, terms)
	if err != nil {
		s.fails(terms, err, false)
		return
	}
	defer turn.Leave()
	s.runs(terms, turn)
}

// stressQueue checks that the events of a queue run one at a time, in order.
type stressQueue struct {
	*stress
	queue *Queue
	taken []*stressed // by its only writer

	mu   sync.Mutex // guards the fields below
	held bool
	runs bool
	last int
}

func (q *stressQueue) begins(e *stressed) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.runs || q.held || e.number <= q.last {
		q.t.Errorf("event %d after %d, which runs: %v, held: %v", e.number, q.last, q.runs, q.held)
	}
	q.runs, q.last = true, e.number
}

func (q *stressQueue) ends() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.runs = false
}

func (q *stressQueue) setHeld(held bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.held = held
}

// fill queues events in all ways, and finally the last one.
func (q *stressQueue) fill() {
	ways := []func(Event) bool{q.queue.Put, q.queue.Put, q.queue.Add, q.queue.Offer}
	for number := range stressEvents {
		e := &stressed{stress: q.stress, queue: q, number: number + 1, terms: q.terms()}
		way := ways[q.n(len(ways))]
		q.queue.AwaitRoom(time.Millisecond, func() {})
		if number == stressEvents-1 {
			way = q.queue.Last
		}
		if way(e) {
			q.taken = append(q.taken, e)
		}
		q.sleep()
	}
}

// disturb holds the queue, like a handshake, and sometimes closes it, like a client that leaves.
func (q *stressQueue) disturb() {
	q.sleep()
	q.queue.Hold()
	q.setHeld(true)
	q.enter(context.Background(), q.terms())
	q.setHeld(false)
	q.queue.Release()
	if q.sleep(); q.n(4) == 0 {
		q.queue.Close()
	}
}

// operate pauses and resizes the scheduler.
func (s *stress) operate() {
	for range 4 {
		s.sleep()
		s.scheduler.Pause()
		s.sleep()
		s.scheduler.Resize(1 + s.n(stressMaxWidth))
		s.sleep()
		s.scheduler.Resume()
	}
}

// enterSome runs events without a queue, some of which give up.
func (s *stress) enterSome() {
	for range 5 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(1+s.n(9))*time.Millisecond)
		s.enter(ctx, s.terms())
		cancel()
	}
}

func (s *stress) abort() {
	time.Sleep(time.Duration(10+s.n(30)) * time.Millisecond)
	s.mu.Lock()
	s.aborted = true
	s.mu.Unlock()
	s.scheduler.Abort(outcome.ErrDrained)
}

func (s *stress) run() {
	s.scheduler = New(1+s.n(stressMaxWidth), &s.work)
	var all sync.WaitGroup
	queues := make([]*stressQueue, stressQueues)
	for i := range queues {
		queues[i] = &stressQueue{stress: s, queue: s.scheduler.NewQueue(1+s.n(4), 1+s.n(4))}
		all.Go(queues[i].fill)
		all.Go(queues[i].disturb)
	}
	all.Go(s.enterSome)
	all.Go(s.enterSome)
	all.Go(s.operate)
	if s.n(3) == 0 {
		all.Go(s.abort)
	}
	all.Wait()
	s.work.Wait()
	s.tails.Wait()
	s.scheduler.Close()
	for _, q := range queues {
		for _, e := range q.taken {
			if s.ended[e] != 1 {
				s.t.Errorf("event %d of %v ended %d times", e.number, e.terms, s.ended[e])
			}
			delete(s.ended, e)
		}
	}
	c := s.scheduler
	for _, r := range []*room{&c.outside, &c.lane} {
		if r.running != 0 || r.alone != 0 || r.resting != 0 || r.waiting != 0 {
			s.t.Errorf("at the end %d run, %d of them alone, %d rest and %d wait", r.running, r.alone, r.resting, r.waiting)
		}
	}
	if len(s.ended) != 0 || len(c.sessions) != 0 || len(c.idle) != 0 {
		s.t.Errorf("at the end %d that were refused ended, %d sessions and %d workers are kept", len(s.ended), len(c.sessions), len(c.idle))
	}
}

// Each event ends once, the events of a queue and of a session run one at a time, and an event that runs alone is alone.
func TestSchedulerUnderStress(t *testing.T) {
	for range 200 {
		seed := rand.Uint64()
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				(&stress{t: t, random: rand.New(rand.NewPCG(seed, 0)), sessions: map[string]bool{}, ended: map[*stressed]int{}}).run()
			})
		})
	}
}
