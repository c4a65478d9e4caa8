package schedule

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// crowd is a number of events at a scheduler. Each runs for a second.
type crowd struct {
	t         *testing.T
	scheduler *Scheduler
	queued    bool           // each waits in a queue of its own; else in Enter
	group     sync.WaitGroup // of events that have not ended

	mu     sync.Mutex // guards events
	events []string   // in the order in which they began
}

// both runs a test with events that wait in Enter, and with events that wait in queues.
func both(t *testing.T, width int, test func(*testing.T, *crowd)) {
	for name, queued := range map[string]bool{"entered": false, "queued": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &crowd{t: t, queued: queued}
				c.scheduler = New(width, &c.group)
				test(t, c)
				c.group.Wait()
				c.scheduler.Close()
				if s := c.scheduler; s.outside.running != 0 || s.outside.alone != 0 || s.outside.resting != 0 || s.outside.waiting != 0 || len(s.sessions) != 0 {
					t.Errorf("at the end %d run, %d wait, %d sessions are kept", s.outside.running, s.outside.waiting, len(s.sessions))
				}
			})
		})
	}
}

// add adds an event, which waits after the events that were added before.
func (c *crowd) add(name string, terms Terms) {
	if e := (&member{crowd: c, name: name, terms: terms}); c.queued {
		c.scheduler.NewQueue(1, 1).Add(e)
	} else {
		c.group.Go(func() { e.Run(c.scheduler.Enter(c.t.Context(), terms)) })
	}
	synctest.Wait()
}

// got returns the events and when they began, or why they did not.
func (c *crowd) got() string {
	c.group.Wait()
	return strings.Join(c.events, " ")
}

// member is an event of a crowd.
type member struct {
	Place
	crowd *crowd
	name  string
	terms Terms
}

func (m *member) Size() int    { return 1 }
func (m *member) Terms() Terms { return m.terms }
func (m *member) Drop()        {}

func (m *member) Run(turn *Turn, err error) bool {
	m.crowd.mu.Lock()
	at := fmt.Sprintf("%s@%v", m.name, time.Since(epoch).Seconds())
	if err != nil {
		at += ":" + err.Error()
	}
	m.crowd.events = append(m.crowd.events, at)
	m.crowd.mu.Unlock()
	if err == nil {
		time.Sleep(time.Second)
		turn.Leave()
	}
	return true
}

// epoch is when time begins in a synctest bubble.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func TestSchedulerKeepsTheOrderWithinAClass(t *testing.T) {
	both(t, 4, func(t *testing.T, c *crowd) {
		c.add("a", Terms{Class: Handshake})
		c.add("b", Terms{Class: Handshake})
		c.add("alone", Terms{Class: Handshake, Alone: true})
		c.add("c", Terms{Class: Handshake}) // does not overtake the one before
		c.add("d", Terms{Class: Handshake})
		if got := c.got(); got != "a@0 b@0 alone@1 c@2 d@2" && got != "a@0 b@0 alone@1 d@2 c@2" {
			t.Errorf("got %s", got)
		}
	})
}

func TestSchedulerServesClassesInTurn(t *testing.T) {
	both(t, 2, func(t *testing.T, c *crowd) {
		c.add("first", Terms{Alone: true})
		for range 6 {
			c.add("handshake", Terms{Class: Handshake})
		}
		for range 3 {
			c.add("alone", Terms{Alone: true})
		}
		for range 4 {
			c.add("own", Terms{})
		}
		c.add("close", Terms{Class: Close, Alone: true})
		const want = "first@0 handshake@1 handshake@1 close@2 own@3 own@3 alone@4 handshake@5 handshake@5 own@6 own@6 alone@7 " +
			"handshake@8 handshake@8 alone@9"
		if got := c.got(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

// A thousand events of one kind do not delay an event of another kind, whichever runs alone.
func TestSchedulerStarvesNothing(t *testing.T) {
	for name, row := range map[string]struct {
		many, one Terms
		at        time.Duration
	}{
		"one alone among many":    {Terms{}, Terms{Alone: true}, 2 * time.Second},
		"one among many alone":    {Terms{Alone: true}, Terms{}, 2 * time.Second},
		"a text among handshakes": {Terms{Class: Handshake}, Terms{}, 2 * time.Second},
		"a close":                 {Terms{Class: Handshake, Alone: true}, Terms{Class: Close, Alone: true}, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			both(t, 4, func(t *testing.T, c *crowd) {
				for range 1000 {
					c.add("many", row.many)
				}
				start := time.Now()
				turn, err := c.scheduler.Enter(t.Context(), row.one)
				if err != nil {
					t.Fatal(err)
				}
				if waited := time.Since(start); waited > row.at {
					t.Errorf("waited %v", waited)
				}
				turn.Leave()
			})
		})
	}
}

func TestSchedulerHeedsTheContext(t *testing.T) {
	both(t, 4, func(t *testing.T, c *crowd) {
		s := c.scheduler
		turn, err := s.Enter(t.Context(), Terms{Alone: true})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, outcome.ErrAway)
		defer cancel()
		if _, err := s.Enter(ctx, Terms{}); !errors.Is(err, outcome.ErrAway) {
			t.Errorf("got %v", err)
		}
		if !turn.Covers(true, false) || !turn.Covers(false, false) {
			t.Error("a turn alone does not cover all events")
		}
		turn.Leave()
		turn.Leave() // changes nothing
		if turn.Covers(false, false) {
			t.Error("a turn that has ended covers an event")
		}
	})
}

func TestSchedulerGoesOnAfterAnEventGaveUp(t *testing.T) {
	both(t, 2, func(t *testing.T, c *crowd) {
		c.add("a", Terms{})
		ctx, cancel := context.WithCancel(t.Context())
		c.group.Go(func() {
			if _, err := c.scheduler.Enter(ctx, Terms{Alone: true}); err == nil {
				t.Error("it runs alone, beside another")
			}
		})
		synctest.Wait()
		c.add("b", Terms{}) // waits for the one before
		cancel()
		if got := c.got(); got != "a@0 b@0" {
			t.Errorf("got %s", got)
		}
	})
}

func TestSchedulerEndsWaitsOverTheirLimit(t *testing.T) {
	both(t, 1, func(t *testing.T, c *crowd) {
		for range 3 {
			c.add("runs", Terms{})
		}
		c.add("late", Terms{Limit: 2500 * time.Millisecond})
		c.add("early", Terms{Limit: 500 * time.Millisecond})
		c.add("patient", Terms{})
		const want = "runs@0 early@0.5:the event's turn did not come in time runs@1 runs@2 late@2.5:the event's turn did not come in time patient@3"
		if got := c.got(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

func TestSchedulerRunsFreeEventsAtOnce(t *testing.T) {
	both(t, 1, func(t *testing.T, c *crowd) {
		c.add("alone", Terms{Alone: true})
		c.add("waits", Terms{})
		c.add("free", Terms{Free: true})
		if got := c.got(); got != "alone@0 free@0 waits@1" {
			t.Errorf("got %s", got)
		}
	})
}

func TestSchedulerCanBeResized(t *testing.T) {
	both(t, 1, func(t *testing.T, c *crowd) {
		c.add("alone", Terms{Alone: true})
		c.scheduler.Resize(3)
		c.add("a", Terms{})
		c.add("b", Terms{})
		c.add("c", Terms{})
		c.scheduler.Resize(2)
		if got := c.got(); got != "alone@0 a@1 b@1 c@2" && got != "alone@0 b@1 a@1 c@2" {
			t.Errorf("got %s", got)
		}
	})
}

func TestSchedulerLetsOneMoreEventRunBesideOneThatRests(t *testing.T) {
	both(t, 1, func(t *testing.T, c *crowd) {
		rests, err := c.scheduler.Enter(t.Context(), Terms{})
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"a", "b"} {
			c.add(name, Terms{Class: Handshake})
		}
		c.add("alone", Terms{Class: Close, Alone: true})
		for range 2 { // it counts once
			rests.Rest()
		}
		if rests.Covers(false, false) {
			t.Error("another event would run in its turn")
		}
		time.Sleep(5 * time.Second)
		rests.Leave()
		c.add("c", Terms{})
		c.add("d", Terms{})
		if got := c.got(); got != "a@0 alone@5 b@6 c@7 d@8" && got != "a@0 alone@5 c@6 b@7 d@8" {
			t.Errorf("got %s", got)
		}
	})
}

func TestSchedulerMadeNarrowerWaitsForRunningEvents(t *testing.T) {
	both(t, 3, func(t *testing.T, c *crowd) {
		c.add("a", Terms{})
		c.add("b", Terms{})
		c.scheduler.Resize(1)
		c.add("c", Terms{})
		c.add("d", Terms{})
		if got := c.got(); got != "a@0 b@0 c@1 d@2" {
			t.Errorf("got %s", got)
		}
	})
}

func TestSchedulerKeepsAsManyWorkersAsMayRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crowd{t: t, queued: true}
		c.scheduler = New(3, &c.group)
		for range 6 {
			c.add("event", Terms{})
		}
		c.add("free", Terms{Free: true})
		c.group.Wait()
		for _, width := range []int{3, 4, 2, 1} {
			c.scheduler.Resize(width)
			synctest.Wait()
			if got := len(c.scheduler.idle); got != min(width, 3) {
				t.Errorf("%d workers wait, of %d events that may run", got, width)
			}
		}
		c.add("event", Terms{})
		c.group.Wait()
		c.scheduler.Close()
	})
}
