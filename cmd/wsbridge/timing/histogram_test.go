package timing

import (
	"math"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/wsbridge/wsbridge/bridge/observe"
)

func counted(durations ...time.Duration) *Counts {
	var h Histogram
	for _, d := range durations {
		h.Add(d)
	}
	var c Counts
	c.AddFrom(&h)
	return &c
}

func TestQuantilesAreExactToATwentieth(t *testing.T) {
	for d := time.Microsecond; d < 90*time.Minute; d += d/7 + 1 {
		got := counted(d).Quantile(50)
		if off := (got - d).Abs(); off > d/20+500*time.Nanosecond {
			t.Errorf("%v: got %v", d, got)
		}
	}
}

func TestQuantilesOfNoAndOfExtremeDurations(t *testing.T) {
	if got := counted().Quantile(95); got != 0 {
		t.Errorf("nothing was counted: got %v", got)
	}
	c := counted(-time.Second, math.MaxInt64)
	if shortest, longest := c.Quantile(50), c.Quantile(95); shortest != 0 || longest < time.Hour {
		t.Errorf("got %v and %v", shortest, longest)
	}
}

func TestQuantilesAreOfTheTimeBetween(t *testing.T) {
	var e Events
	var before, after Times
	e.Add(&observe.Observation{Total: time.Hour})
	before.AddFrom(&e)
	for i := range 100 {
		e.Add(&observe.Observation{Total: time.Duration(i+1) * time.Millisecond})
	}
	after.AddFrom(&e)
	d := after.Since(&before)
	for percent, want := range map[uint64]time.Duration{50: 50 * time.Millisecond, 95: 95 * time.Millisecond} {
		if got := d[Total].Quantile(percent); (got - want).Abs() > want/20 {
			t.Errorf("%d %%: got %v, want %v", percent, got, want)
		}
	}
}

// What Prometheus gets must be the same as from a histogram of its own with these bounds.
func TestPrometheusGetsItsOwnBuckets(t *testing.T) {
	bounds := prometheus.ExponentialBucketsRange(0.0001, 30, 18)
	want := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "x", Help: "x", Buckets: bounds})
	var durations []time.Duration
	for _, b := range bounds {
		at := time.Duration(b * 1e9)
		durations = append(durations, at-1, at+2) // the bounds themselves are rounded
	}
	durations = append(durations, 0, time.Hour)
	for _, d := range durations {
		want.Observe(d.Seconds())
	}
	got := counted(durations...).Metric(prometheus.NewDesc("x", "x", nil, nil))
	var g, w dto.Metric
	if err := got.Write(&g); err != nil {
		t.Fatal(err)
	}
	if err := want.Write(&w); err != nil {
		t.Fatal(err)
	}
	gh, wh := g.GetHistogram(), w.GetHistogram()
	if gh.GetSampleCount() != wh.GetSampleCount() || math.Abs(gh.GetSampleSum()-wh.GetSampleSum()) > 1e-6 || len(gh.GetBucket()) != len(wh.GetBucket()) {
		t.Fatalf("got %v\nwant %v", gh, wh)
	}
	for i, b := range gh.GetBucket() {
		if v := wh.GetBucket()[i]; b.GetUpperBound() != v.GetUpperBound() || b.GetCumulativeCount() != v.GetCumulativeCount() {
			t.Errorf("got %v, want %v", b, v)
		}
	}
}

func TestCountingIsSafeForConcurrentUse(t *testing.T) {
	var e Events
	var work sync.WaitGroup
	for range 4 {
		work.Go(func() {
			for range 1000 {
				e.Add(&observe.Observation{Queue: time.Millisecond})
				var times Times
				times.AddFrom(&e)
			}
		})
	}
	work.Wait()
	var times Times
	times.AddFrom(&e)
	if n := times[Total].total(); n != 4000 {
		t.Errorf("counted %d", n)
	}
}
