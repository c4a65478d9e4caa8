package timing

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Prometheus gets a few wide buckets from Least to Most: from a kept worker's fastest answer to php.timeout's default.
const (
	Least = 100 * time.Microsecond
	Most  = 30 * time.Second

	wide   = 17 // buckets from Least to Most
	beyond = 7  // more of that width below Least, to 0.6 µs, and above Most, to 90 minutes
	parts  = 8  // fine buckets in a wide one: a quantile is within 5 % of the truth

	first   = beyond * parts                    // the fine bucket that ends at Least
	buckets = (beyond+wide+beyond)*parts + 2    // with what is shorter or longer
	perE    = wide * parts / 12.611537753638338 // fine buckets in which a duration grows by e; the divisor is ln(Most/Least)
)

// Histogram counts durations. The zero value is ready for use.
type Histogram struct {
	counts [buckets]atomic.Uint64
	sum    atomic.Int64 // nanoseconds
}

// Add counts a duration; a negative one counts as 0.
func (h *Histogram) Add(d time.Duration) {
	d = max(d, 0)
	h.counts[bucketOf(d)].Add(1)
	h.sum.Add(int64(d))
}

// bucketOf returns the bucket of a duration: the one that ends at or above it.
func bucketOf(d time.Duration) int {
	n := first + math.Ceil(perE*math.Log(float64(d)/float64(Least)))
	return int(min(max(n, 0), buckets-1))
}

// end returns where a bucket ends; the last has no end.
func end(bucket float64) time.Duration {
	return time.Duration(float64(Least) * math.Exp((bucket-first)/perE))
}

// Counts is what a Histogram has counted up to a moment, or between two.
type Counts struct {
	counts [buckets]uint64
	sum    time.Duration
}

// AddFrom adds what h has counted so far. Durations that are added meanwhile may be in it or not.
func (c *Counts) AddFrom(h *Histogram) {
	for i := range h.counts {
		c.counts[i] += h.counts[i].Load()
	}
	c.sum += time.Duration(h.sum.Load())
}

// Since returns what was counted after before.
func (c *Counts) Since(before *Counts) Counts {
	d := Counts{sum: c.sum - before.sum}
	for i := range c.counts {
		d.counts[i] = c.counts[i] - before.counts[i]
	}
	return d
}

// Quantile returns the duration that percent of all are no longer than, with an error of 5 % at most. It is 0 without durations, and
// for those too short to be told apart.
func (c *Counts) Quantile(percent uint64) time.Duration {
	rank, seen := (c.total()*percent+99)/100, c.counts[0]
	for i := 1; i < buckets && seen < rank; i++ {
		if seen += c.counts[i]; seen >= rank {
			return end(float64(i) - 0.5).Round(time.Microsecond)
		}
	}
	return 0
}

func (c *Counts) total() (n uint64) {
	for _, m := range c.counts {
		n += m
	}
	return n
}

// Metric returns the counts as Prometheus takes them.
func (c *Counts) Metric(d *prometheus.Desc, labels ...string) prometheus.Metric {
	upTo := map[float64]uint64{}
	seen, next := uint64(0), 0
	for i, bound := range prometheus.ExponentialBucketsRange(Least.Seconds(), Most.Seconds(), wide+1) {
		for ; next <= first+i*parts; next++ {
			seen += c.counts[next]
		}
		upTo[bound] = seen
	}
	return prometheus.MustNewConstHistogram(d, c.total(), c.sum.Seconds(), upTo, labels...)
}
