package bridge

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

// crowd are events at a gate; each stays inside for a second.
type crowd struct {
	t     *testing.T
	gate  *gate
	group sync.WaitGroup

	mu     sync.Mutex // guards events
	events []string   // as they came in
}

// add has an event ask for its turn behind those that have asked before.
func (c *crowd) add(name string, l lane, alone bool) {
	c.group.Go(func() {
		if err := c.gate.enter(c.t.Context(), l, alone); err != nil {
			c.t.Error(err)
			return
		}
		c.mu.Lock()
		c.events = append(c.events, fmt.Sprintf("%s@%v", name, time.Since(epoch).Seconds()))
		c.mu.Unlock()
		time.Sleep(time.Second)
		c.gate.leave(alone)
	})
	synctest.Wait()
}

// got returns who came in, and when.
func (c *crowd) got() string {
	c.group.Wait()
	return strings.Join(c.events, " ")
}

// epoch is when time begins in a synctest bubble.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func TestGateKeepsTheOrderWithinALane(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crowd{t: t, gate: newGate(4)}
		c.add("a", laneHandshake, false)
		c.add("b", laneHandshake, false)
		c.add("alone", laneHandshake, true)
		c.add("c", laneHandshake, false) // came after the one that wants to be alone, and does not overtake it
		c.add("d", laneHandshake, false)
		if got := c.got(); got != "a@0 b@0 alone@1 c@2 d@2" && got != "a@0 b@0 alone@1 d@2 c@2" {
			t.Errorf("got %s", got)
		}
	})
}

func TestGateLanesTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crowd{t: t, gate: newGate(2)}
		c.add("first", laneAlone, true)
		for range 6 {
			c.add("handshake", laneHandshake, false)
		}
		for range 3 {
			c.add("alone", laneAlone, true)
		}
		for range 4 {
			c.add("own", laneOwn, false)
		}
		c.add("close", laneClose, true)
		const want = "first@0 handshake@1 handshake@1 close@2 own@3 own@3 alone@4 handshake@5 handshake@5 own@6 own@6 alone@7 " +
			"handshake@8 handshake@8 alone@9"
		if got := c.got(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

// A thousand of one sort do not keep one of another from its next turn, whichever has to be alone.
func TestGateStarvesNobody(t *testing.T) {
	for name, row := range map[string]struct {
		crowd, one           lane
		crowdAlone, oneAlone bool
		at                   time.Duration
	}{
		"one that wants to be alone": {laneOwn, laneAlone, false, true, 2 * time.Second},
		"one among many alone":       {laneAlone, laneOwn, true, false, 2 * time.Second},
		"a text among handshakes":    {laneHandshake, laneOwn, false, false, 2 * time.Second},
		"a close":                    {laneHandshake, laneClose, true, true, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &crowd{t: t, gate: newGate(4)}
				for range 1000 {
					c.add("many", row.crowd, row.crowdAlone)
				}
				start := time.Now()
				if err := c.gate.enter(t.Context(), row.one, row.oneAlone); err != nil {
					t.Fatal(err)
				}
				if waited := time.Since(start); waited > row.at {
					t.Errorf("waited %v", waited)
				}
				c.gate.leave(row.oneAlone)
				c.group.Wait()
			})
		})
	}
}

func TestGateGivesUpWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(4)
		if err := g.enter(t.Context(), laneAlone, true); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, outcome.ErrQueueWait)
		defer cancel()
		if err := g.enter(ctx, laneOwn, false); !errors.Is(err, outcome.ErrQueueWait) {
			t.Errorf("got %v", err)
		}
		if g.tryEnter(false) {
			t.Error("tried and got in beside one that is alone")
		}
		g.leave(true)
		if !g.tryEnter(true) {
			t.Error("nobody is in, and trying failed")
		}
		g.leave(true)
	})
}

func TestGateGoesOnWithoutThoseThatGiveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crowd{t: t, gate: newGate(2)}
		c.add("a", laneOwn, false)
		ctx, cancel := context.WithCancel(t.Context())
		c.group.Go(func() {
			if c.gate.enter(ctx, laneAlone, true) == nil {
				t.Error("got in beside another")
			}
		})
		synctest.Wait()
		c.add("b", laneOwn, false) // waits for the one that wants to be alone
		cancel()
		if got := c.got(); got != "a@0 b@0" {
			t.Errorf("got %s", got)
		}
		if c.gate.inside != 0 || c.gate.waiting != 0 {
			t.Errorf("%d inside and %d waiting at the end", c.gate.inside, c.gate.waiting)
		}
	})
}
