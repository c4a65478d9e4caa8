package resident

import (
	"errors"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

// A spare that has to leave says nothing more after that.
func TestSpareLeavesWithoutAFailure(t *testing.T) {
	l := startLane(t, echoApp)
	var w *worker
	eventually(t, "there is a spare", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		w = l.spare
		return w != nil
	})
	l.dismiss(w, "the test says so")
	if errors.Is(w.cause, protocol.ErrMalformed) || !errors.Is(w.cause, protocol.ErrCutOff) {
		t.Errorf("it ended with: %v", w.cause)
	}
}

func TestEffectOfAnEventThatIsNotSentYetIsMalformed(t *testing.T) {
	x := newRecorded(1, 1, "x")
	w := &worker{lane: &Lane{}, flights: []*sent{{exchange: x}}}
	if err := w.effect(&protocol.Effect{Seq: 1, Done: &protocol.Done{}}); !errors.Is(err, protocol.ErrMalformed) || x.done != nil {
		t.Errorf("got %v and %+v", err, x.done)
	}
}
