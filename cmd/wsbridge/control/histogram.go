package control

import (
	"math/bits"
	"sync/atomic"
	"time"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
)

// A histogram's buckets divide each power of two microseconds in eight, up to an hour.
const (
	partBits    = 3
	parts       = 1 << partBits
	bucketCount = 32 * parts
)

// histogram counts durations, for quantiles that are exact to an eighth. It may be used concurrently.
type histogram struct {
	buckets [bucketCount]atomic.Uint32
}

func (h *histogram) add(d time.Duration) { h.buckets[bucketOf(d)].Add(1) }

// bucketOf returns where a duration counts: below 8 µs exactly.
func bucketOf(d time.Duration) int {
	n := uint64(max(0, d.Microseconds()))
	if n < parts {
		return int(n)
	}
	power := bits.Len64(n) - 1 - partBits
	return min(power<<partBits+int(n>>power), bucketCount-1)
}

// middle returns what stands for the durations of a bucket.
func middle(bucket int) api.Micros {
	if bucket < parts {
		return api.Micros(bucket)
	}
	power := bucket>>partBits - 1
	low := uint64(bucket&(parts-1)|parts) << power
	return api.Micros(low + uint64(1)<<power/2)
}

// take returns the quantiles, and counts from zero again.
func (h *histogram) take() api.Quantiles {
	var counts [bucketCount]uint32
	total := uint64(0)
	for i := range h.buckets {
		if h.buckets[i].Load() != 0 {
			counts[i] = h.buckets[i].Swap(0)
			total += uint64(counts[i])
		}
	}
	if total == 0 {
		return api.Quantiles{}
	}
	return api.Quantiles{P50: quantile(&counts, total, 50), P95: quantile(&counts, total, 95)}
}

// quantile returns what percent of all are no longer than.
func quantile(counts *[bucketCount]uint32, total, percent uint64) api.Micros {
	rank := (total*percent + 99) / 100
	seen := uint64(0)
	for i, n := range counts {
		if seen += uint64(n); seen >= rank {
			return middle(i)
		}
	}
	return 0
}
