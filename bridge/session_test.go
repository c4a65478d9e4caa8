package bridge

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/wsbridge/wsbridge/bridge/outcome"
)

func TestEventsOfASessionRunOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSessions()
		ctx := t.Context()
		if err := errors.Join(s.enter(ctx, "anna"), s.enter(ctx, "bert")); err != nil {
			t.Fatal(err)
		}
		var order []int
		for i := range 3 {
			go func() {
				if err := s.enter(ctx, "anna"); err != nil {
					t.Error(err)
				}
				order = append(order, i) // one at a time
				s.leave("anna")
			}()
			synctest.Wait()
		}
		if len(order) > 0 {
			t.Errorf("%v ran beside another one", order)
		}
		s.leave("anna")
		synctest.Wait()
		if len(order) != 3 || order[0] != 0 || order[1] != 1 {
			t.Errorf("ran in the order %v", order)
		}
		s.leave("bert")
		if len(s.known) > 0 {
			t.Errorf("%d sessions are kept", len(s.known))
		}
	})
}

func TestWaitingForASessionCanBeGivenUp(t *testing.T) {
	s := newSessions()
	if err := s.enter(t.Context(), "anna"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(outcome.ErrQueueWait)
	if err := s.enter(ctx, "anna"); !errors.Is(err, outcome.ErrQueueWait) {
		t.Errorf("got %v", err)
	}
	s.leave("anna")
	if len(s.known) > 0 {
		t.Errorf("%d sessions are kept", len(s.known))
	}
}
