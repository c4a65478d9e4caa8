package schedule

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestFreezeWaitsForWhatRunsAndLetsNothingBegin(t *testing.T) {
	both(t, 4, func(t *testing.T, c *crowd) {
		c.add("a", Terms{})
		c.add("b", Terms{Session: "s"})
		c.add("c", Terms{Session: "s", Limit: 1500 * time.Millisecond})
		if err := c.scheduler.Freeze(t.Context()); err != nil || time.Since(epoch) != time.Second {
			t.Errorf("after %v: %v", time.Since(epoch), err)
		}
		c.add("d", Terms{Alone: true})
		time.Sleep(9 * time.Second) // longer than c may wait
		synctest.Wait()
		if n := len(c.events); n != 2 {
			t.Errorf("%d events began", n)
		}
		c.scheduler.Thaw()
		if got := c.got(); got != "a@0 b@0 c@10 d@11" && got != "b@0 a@0 c@10 d@11" {
			t.Errorf("got %s", got)
		}
	})
}

func TestFreezeEndsWithItsContext(t *testing.T) {
	both(t, 4, func(t *testing.T, c *crowd) {
		c.add("a", Terms{})
		late := errors.New("late")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 500*time.Millisecond, late)
		defer cancel()
		if err := c.scheduler.Freeze(ctx); !errors.Is(err, late) {
			t.Errorf("got %v", err)
		}
		c.add("b", Terms{})
		time.Sleep(3 * time.Second)
		c.scheduler.Thaw()
		if got := c.got(); got != "a@0 b@3.5" {
			t.Errorf("got %s", got)
		}
	})
}

// quiet returns a frozen scheduler, a queue that holds n events, and the group of its work.
func quiet(t *testing.T, n int) (*Scheduler, *Queue, *sync.WaitGroup) {
	var work sync.WaitGroup
	s := New(4, &work)
	if err := s.Freeze(t.Context()); err != nil {
		t.Fatal(err)
	}
	q := s.NewQueue(2, 100)
	q.SetUnbounded(true)
	for range n {
		q.Put(&member{crowd: &crowd{t: t, scheduler: s}})
	}
	return s, q, &work
}

func TestWaitingReturnsWhatHasNotBegun(t *testing.T) {
	s, q, work := quiet(t, 5) // more than it has room for
	events, ok := q.Waiting()
	if !ok || len(events) != 5 || q.Begun() != nil {
		t.Errorf("got %d %v", len(events), ok)
	}
	q.Abandon()
	work.Wait()
	if events, ok := q.Waiting(); !ok || events != nil || q.Put(&member{}) || s.outside.waiting != 0 {
		t.Errorf("after it was abandoned: %v %v, %d wait", events, ok, s.outside.waiting)
	}
	s.Close()
}

func TestWaitingTellsOfAnEventThatHasBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var work sync.WaitGroup
		s := New(4, &work)
		q := s.NewQueue(2, 100)
		e := &member{crowd: &crowd{t: t, scheduler: s}}
		q.Put(e)
		synctest.Wait()
		if _, ok := q.Waiting(); ok || q.Begun() != e {
			t.Errorf("got %v, and %v has begun", ok, q.Begun())
		}
		work.Wait()
		s.Close()
	})
}

func TestPutInAFullQueueEndsWhenItIsUnbounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, q, work := quiet(t, 3)
		q.SetUnbounded(false)
		var putter sync.WaitGroup
		putter.Go(func() { q.Put(&member{}) })
		synctest.Wait()
		if q.Len() != 2 {
			t.Fatalf("%d wait", q.Len())
		}
		q.SetUnbounded(true)
		putter.Wait()
		q.Abandon()
		work.Wait()
		s.Close()
	})
}
