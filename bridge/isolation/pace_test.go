package isolation

import (
	"sync"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

func TestPaceJudgesByTheLatestEvents(t *testing.T) {
	const ms = time.Millisecond
	p := NewPace()
	for i, step := range []struct {
		events int
		took   time.Duration
		slow   bool
	}{
		{0, 0, false},
		{7, 20 * ms, false}, // too few to judge
		{1, 20 * ms, true},
		{100, 3 * ms, true}, // between the two limits it stays slow
		{100, 1 * ms, false},
		{100, 4 * ms, false}, // ... and quick
		{1, 11 * ms, false},  // one event does not decide
		{20, 6 * ms, true},
		{40, 0, false},
		{40, -time.Hour, false}, // a clock that is set back
		{20, 6 * ms, true},
	} {
		for range step.events {
			p.Add(protocol.Text, step.took)
		}
		if got := p.Slow(protocol.Text); got != step.slow {
			t.Errorf("step %d: slow %v, mean %v", i, got, p.Mean(protocol.Text))
		}
	}
	if p.Slow(protocol.Open) || p.Mean(protocol.Open) != 0 {
		t.Error("kinds are not told apart")
	}
}

func TestPaceIsAddedToConcurrently(t *testing.T) {
	p := NewPace()
	var adding sync.WaitGroup
	for range 4 {
		adding.Go(func() {
			for range 1000 {
				p.Add(protocol.Text, 7*time.Millisecond)
				p.Add("unknown", time.Second)
				p.Slow(protocol.Text)
			}
		})
	}
	adding.Wait()
	if mean := p.Mean(protocol.Text); mean != 7*time.Millisecond || !p.Slow(protocol.Text) || p.Slow("unknown") {
		t.Errorf("mean %v", mean)
	}
}
