package control

import (
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
)

func TestHistogramIsExactToAnEighth(t *testing.T) {
	for _, d := range []time.Duration{0, time.Microsecond, 7 * time.Microsecond, 8 * time.Microsecond, 137 * time.Microsecond,
		time.Millisecond, 33 * time.Millisecond, time.Second, time.Minute, time.Hour} {
		var h histogram
		h.add(d)
		got, want := h.take().P50, api.Of(d)
		if off := max(got-want, want-got); off*8 > want {
			t.Errorf("%v: got %v", d, got.Std())
		}
	}
	var h histogram
	h.add(1 << 62)
	h.add(-time.Second)
	if got := h.take(); got.P50 != 0 || got.P95.Std() < time.Hour {
		t.Errorf("got %+v", got)
	}
}

func TestHistogramQuantiles(t *testing.T) {
	var h histogram
	for i := range 100 {
		h.add(time.Duration(i+1) * time.Millisecond)
	}
	got := h.take()
	if p50, p95 := got.P50.Std(), got.P95.Std(); p50 < 44*time.Millisecond || p50 > 56*time.Millisecond || p95 < 84*time.Millisecond || p95 > 106*time.Millisecond {
		t.Errorf("got %v and %v", p50, p95)
	}
	if again := h.take(); again != (api.Quantiles{}) {
		t.Errorf("got %+v from what was taken", again)
	}
}

func TestSeriesIsBounded(t *testing.T) {
	s := NewSeries()
	for i := range seriesPoints + 5 {
		s.add(api.Point{Events: uint64(i)})
	}
	if all := s.all(); len(all) != seriesPoints || all[0].Events != 5 {
		t.Errorf("got %d points from %d on", len(all), all[0].Events)
	}
}
