package schedule

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/bridge/outcome"
)

func TestPauseAdmitsNothing(t *testing.T) {
	both(t, 2, func(t *testing.T, c *crowd) {
		c.add("runs", Terms{})
		if !c.scheduler.Pause() || c.scheduler.Pause() || !c.scheduler.Paused() {
			t.Error("want the first pause to change something, and the second not to")
		}
		c.add("beside", Terms{})
		c.add("alone", Terms{Alone: true})
		time.Sleep(10 * time.Second)
		if !c.scheduler.Resume() || c.scheduler.Resume() {
			t.Error("want the first end of the pause to change something, and the second not to")
		}
		if got := c.got(); got != "runs@0 beside@10 alone@11" {
			t.Errorf("got %s", got)
		}
	})
}

func TestPauseDoesNotCountAsWaiting(t *testing.T) {
	for name, row := range map[string]struct {
		pauseCounts bool
		want        string
	}{
		"an event's wait begins anew": {false, "event@25:the event's turn did not come in time"},
		"a handshake's wait does not": {true, "event@5:the event's turn did not come in time"},
	} {
		t.Run(name, func(t *testing.T) {
			both(t, 1, func(t *testing.T, c *crowd) {
				runs, err := c.scheduler.Enter(t.Context(), Terms{})
				if err != nil {
					t.Fatal(err)
				}
				c.scheduler.Pause()
				c.add("event", Terms{Limit: 5 * time.Second, PauseCounts: row.pauseCounts})
				time.Sleep(20 * time.Second)
				c.scheduler.Resume()
				time.Sleep(20 * time.Second)
				runs.Leave()
				if got := c.got(); got != row.want {
					t.Errorf("got %s", got)
				}
			})
		})
	}
}

func TestAbortEndsTheWaitOfQueues(t *testing.T) {
	both(t, 1, func(t *testing.T, c *crowd) {
		c.queued = true
		c.add("runs", Terms{Session: "anna"})
		c.add("waits", Terms{Alone: true})
		c.add("session", Terms{Session: "anna"})
		c.scheduler.Abort(errors.New("aborted"))
		c.add("late", Terms{})
		c.add("free", Terms{Free: true})
		c.group.Wait()
		slices.Sort(c.events)
		if got := fmt.Sprint(c.events); got != "[free@0 late@0:aborted runs@0 session@0:aborted waits@0:aborted]" {
			t.Errorf("got %s", got)
		}
		turn, err := c.scheduler.Enter(t.Context(), Terms{Alone: true}) // as the server's last events do
		if err != nil {
			t.Fatal(err)
		}
		turn.Leave()
	})
}

func TestOutageEndsContexts(t *testing.T) {
	o := NewOutage()
	ctx, stop := o.Until(t.Context(), outcome.ErrAway)
	defer stop()
	if o.On() || ctx.Err() != nil {
		t.Error("an outage before it began")
	}
	if _, first := o.Begin(); !first {
		t.Error("it is the first failure")
	}
	<-ctx.Done()
	late, stop := o.Until(t.Context(), outcome.ErrAway)
	defer stop()
	<-late.Done()
	if !o.End() || o.End() || o.On() {
		t.Error("want the outage to be over, once")
	}
}
