package bridge

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/protocol"
)

func TestPausedGateLetsNobodyIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crowd{t: t, gate: newGate(2)}
		c.add("runs", laneOwn, false)
		if !c.gate.pause(true) || c.gate.pause(true) {
			t.Error("want the first pause to change something, and the second not to")
		}
		if c.gate.tryEnter(false) {
			t.Error("tried and got in")
		}
		c.add("own", laneOwn, false)
		c.add("alone", laneAlone, true)
		time.Sleep(10 * time.Second)
		c.gate.pause(false)
		if got := c.got(); got != "runs@0 own@10 alone@11" {
			t.Errorf("got %s", got)
		}
	})
}

func TestPauseDoesNotCountAsWaiting(t *testing.T) {
	for name, row := range map[string]struct {
		hasty bool
		want  time.Duration
	}{
		"an event's limit begins anew": {false, 25 * time.Second},
		"a handshake's does not":       {true, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGate(1)
				g.pause(true)
				ctx, cancel := context.WithCancelCause(t.Context())
				defer g.expire(5*time.Second, row.hasty, cancel)()
				start := time.Now()
				time.AfterFunc(20*time.Second, func() { g.pause(false) })
				<-ctx.Done()
				if took := time.Since(start); took != row.want || !errors.Is(context.Cause(ctx), outcome.ErrQueueWait) {
					t.Errorf("took %v, %v", took, context.Cause(ctx))
				}
				time.Sleep(time.Minute) // the pause ends in any case
			})
		})
	}
}

func TestPauseKeepsEventsUntilItEnds(t *testing.T) {
	a := &standin{handlers: map[protocol.Kind]handler{protocol.Text: nil}}
	s := serveApplication(t, a, func(c *Config) { c.QueueWait = 20 * time.Millisecond })
	conn := s.connect()
	if err := s.Pause(); err != nil {
		t.Fatal(err)
	}
	if err := s.Ready(t.Context()); !errors.Is(err, ErrPaused) {
		t.Errorf("got %v", err)
	}
	say(t, conn, "x")
	eventually(t, "the text waits", func() bool { return s.Totals().Waiting == 1 })
	if a.watch("text 1 begins") {
		t.Error("an event ran during a pause")
	}
	s.Resume()
	eventually(t, "the text runs", func() bool { return a.count("text 1 ends") == 1 })
}

func TestDrainEndsAPause(t *testing.T) {
	a := &standin{}
	s := serveApplication(t, a, nil)
	s.connect()
	if err := s.Pause(); err != nil {
		t.Fatal(err)
	}
	s.Drain()
	s.drained()
	if a.count("close 1 ends") != 1 {
		t.Errorf("got %v", a.lines())
	}
	if err := s.Pause(); !errors.Is(err, ErrStopping) {
		t.Errorf("got %v", err)
	}
}

func TestOperatorWaitsForABridgeThatIsAboutToServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &Bridge{serving: make(chan struct{}), gate: newGate(1)}
		start := time.Now()
		if err := b.Pause(); !errors.Is(err, ErrStarting) || time.Since(start) != startWait {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
	})
}
