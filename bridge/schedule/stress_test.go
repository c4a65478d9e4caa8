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

// stress has random events, in queues and without, meet at a scheduler that is paused, resized and aborted at random.
type stress struct {
	t         *testing.T
	scheduler *Scheduler
	work      sync.WaitGroup

	mu       sync.Mutex // guards the fields below
	random   *rand.Rand
	alone    bool
	inside   int
	sessions map[string]bool
	ended    map[*stressed]int
	aborted  bool
}

func (s *stress) n(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.random.IntN(n)
}

// sleep lasts at most 5 ms, in whole ones, so that much happens in the same moment.
func (s *stress) sleep() { time.Sleep(time.Duration(s.n(6)) * time.Millisecond) }

func (s *stress) terms() Terms {
	t := Terms{Class: Class(s.n(3)), Alone: s.n(4) == 0, Free: s.n(8) == 0, PauseCounts: s.n(2) == 0}
	t.Session = []string{"", "", "anna", "bert"}[s.n(4)]
	if s.n(3) == 0 {
		t.Limit = time.Duration(1+s.n(30)) * time.Millisecond
	}
	return t
}

// runs checks that an event may run in a turn, and stays in it for a while.
func (s *stress) runs(terms Terms) {
	if terms.Free {
		s.sleep()
		return
	}
	session := terms.session()
	s.mu.Lock()
	if s.alone || terms.Alone && s.inside > 0 || s.inside >= stressMaxWidth || session != "" && s.sessions[session] {
		s.t.Errorf("%+v runs beside %d others; alone: %v, sessions: %v", terms, s.inside, s.alone, s.sessions)
	}
	s.inside++
	s.alone, s.sessions[session] = terms.Alone, true
	s.mu.Unlock()
	s.sleep()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inside--
	s.alone, s.sessions[session] = false, false
}

// fails checks why the turn of an event did not come.
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

// stressed is an event of a queue. Some go on in another turn, as events do when the code changes.
type stressed struct {
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

func (e *stressed) Run(turn *Turn, err error) {
	defer e.end()
	e.queue.begins(e)
	defer e.queue.ends()
	if err != nil {
		e.fails(e.terms, err, true)
		return
	}
	e.runs(e.terms)
	if e.n(4) > 0 {
		return
	}
	turn.Leave()
	e.enter(context.Background(), e.terms)
}

// enter runs an event that is in no queue.
func (s *stress) enter(ctx context.Context, terms Terms) {
	turn, err := s.scheduler.Enter(ctx, terms)
	if err != nil {
		s.fails(terms, err, false)
		return
	}
	defer turn.Leave()
	s.runs(terms)
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

// fill queues events in all ways, and at last the last one.
func (q *stressQueue) fill() {
	ways := []func(Event) bool{q.queue.Put, q.queue.Put, q.queue.Add, q.queue.Offer}
	for number := range stressEvents {
		e := &stressed{q.stress, q, number + 1, q.terms()}
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

// disturb holds the queue, as a handshake does, and sometimes closes it, as a client that leaves.
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

// visit runs events of no queue, some of which give up.
func (s *stress) visit() {
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
	all.Go(s.visit)
	all.Go(s.visit)
	all.Go(s.operate)
	if s.n(3) == 0 {
		all.Go(s.abort)
	}
	all.Wait()
	s.work.Wait()
	s.scheduler.Close()
	for _, q := range queues {
		for _, e := range q.taken {
			if s.ended[e] != 1 {
				s.t.Errorf("event %d of %v ended %d times", e.number, e.terms, s.ended[e])
			}
			delete(s.ended, e)
		}
	}
	if c := s.scheduler; len(s.ended) != 0 || c.running != 0 || c.alone || c.waiting != 0 || len(c.sessions) != 0 || len(c.idle) != 0 {
		s.t.Errorf("at the end %d that were refused ended, %d run, %d wait, %d sessions and %d workers are kept", len(s.ended), c.running,
			c.waiting, len(c.sessions), len(c.idle))
	}
}

// Whatever happens, an event ends once, those of a queue one after the other, one that runs alone is alone, and a session has one at most.
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
