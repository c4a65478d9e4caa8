package bridge

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestGateOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(4)
		var mu sync.Mutex
		var events []string
		note := func(s string) {
			mu.Lock()
			defer mu.Unlock()
			events = append(events, fmt.Sprintf("%s@%v", s, time.Since(epoch).Seconds()))
		}
		var group sync.WaitGroup
		enter := func(name string, alone bool) {
			group.Go(func() {
				leave, err := g.enter(t.Context(), alone)
				if err != nil {
					t.Error(err)
					return
				}
				note(name)
				time.Sleep(time.Second)
				leave()
			})
			synctest.Wait()
		}
		enter("a", false)
		enter("b", false)
		enter("alone", true)
		enter("c", false) // came after the one that wants to be alone, and does not overtake it
		enter("d", false)
		group.Wait()
		if got := fmt.Sprint(events); got != "[a@0 b@0 alone@1 c@2 d@2]" && got != "[a@0 b@0 alone@1 d@2 c@2]" {
			t.Errorf("got %s", got)
		}
	})
}

// epoch is when time begins in a synctest bubble.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func TestGateGivesUpWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(4)
		leave, err := g.enter(t.Context(), true)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errQueueWait)
		defer cancel()
		if _, err := g.enter(ctx, false); !errors.Is(err, errQueueWait) {
			t.Errorf("got %v", err)
		}
		if _, ok := g.tryEnter(false); ok {
			t.Error("tried and got in beside one that is alone")
		}
		leave()
		if leave, ok := g.tryEnter(true); !ok {
			t.Error("nobody is in, and trying failed")
		} else {
			leave()
		}
	})
}
