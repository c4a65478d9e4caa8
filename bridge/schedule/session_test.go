package schedule

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsbridge/wsbridge/bridge/outcome"
)

func TestEventsOfASessionRunOneAfterTheOther(t *testing.T) {
	both(t, 4, func(t *testing.T, c *crowd) {
		for _, name := range []string{"a1", "a2", "a3"} {
			c.add(name, Terms{Session: "anna"})
		}
		c.add("b1", Terms{Session: "bert"}) // not delayed by events of another session
		c.add("c1", Terms{})
		if got := c.got(); got != "a1@0 b1@0 c1@0 a2@1 a3@2" {
			t.Errorf("got %s", got)
		}
	})
}

func TestEventsThatRunAloneWaitForNoSession(t *testing.T) {
	both(t, 4, func(t *testing.T, c *crowd) {
		c.add("a1", Terms{Session: "anna"})
		c.add("a2", Terms{Session: "anna"})
		c.add("alone", Terms{Session: "anna", Alone: true})
		if got := c.got(); got != "a1@0 alone@1 a2@2" {
			t.Errorf("got %s", got)
		}
	})
}

func TestWaitingForASessionCanBeGivenUp(t *testing.T) {
	both(t, 4, func(t *testing.T, c *crowd) {
		c.add("a1", Terms{Session: "anna"})
		ctx, cancel := context.WithCancelCause(t.Context())
		c.group.Go(func() {
			if _, err := c.scheduler.Enter(ctx, Terms{Session: "anna"}); !errors.Is(err, outcome.ErrAway) {
				t.Errorf("got %v", err)
			}
		})
		synctest.Wait()
		c.add("a2", Terms{Session: "anna", Limit: 500 * time.Millisecond})
		c.add("a3", Terms{Session: "anna"})
		cancel(outcome.ErrAway)
		if got := c.got(); got != "a1@0 a2@0.5:the event's turn did not come in time a3@1" {
			t.Errorf("got %s", got)
		}
	})
}

// a1 has its session and still waits for its turn.
func TestEventThatGivesUpReleasesItsSession(t *testing.T) {
	both(t, 1, func(t *testing.T, c *crowd) {
		c.add("runs", Terms{})
		c.add("a1", Terms{Session: "anna", Limit: 500 * time.Millisecond})
		c.add("a2", Terms{Session: "anna"})
		if got := c.got(); got != "runs@0 a1@0.5:the event's turn did not come in time a2@1" {
			t.Errorf("got %s", got)
		}
	})
}
