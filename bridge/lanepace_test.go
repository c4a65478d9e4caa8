package bridge

import (
	"testing"
	"time"
)

func TestLaneIsGivenWhatTakesAFewMilliseconds(t *testing.T) {
	var p lanePace
	give := func(took time.Duration) (n int) {
		for range 200 {
			n = p.add(took)
		}
		return n
	}
	if n := give(20 * time.Microsecond); n < 200 || n > 300 {
		t.Errorf("quick events: %d", n)
	}
	if n := give(time.Millisecond); n < 4 || n > 6 {
		t.Errorf("events of a millisecond: %d", n)
	}
	if n := give(time.Second); n != minLane {
		t.Errorf("slow events: %d", n)
	}
	if n := give(0); n < 256 {
		t.Errorf("events that take nothing: %d", n)
	}
}
