package harness

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// kept is how long unused connections to php-fpm stay with Brief.
const kept = 300 * time.Millisecond

// Brief is configuration for tests that count descriptors: kept connections to php-fpm are some, too.
const Brief = "php.idle_timeout = \"300ms\"\n"

// mostLeft is what may be left of heap and stacks, each, when collections have been: pools, and what this harness asks for.
const mostLeft = 8 << 20

// Settled returns what there is at rest, behind Brief: the median of some time, since asking makes goroutines come and go.
func (s *Server) Settled(tb testing.TB) (v Vitals) {
	tb.Helper()
	const samples = 15
	var files, goroutines [samples]int
	time.Sleep(2 * kept)
	for i := range samples {
		v = s.Vitals(tb)
		files[i], goroutines[i] = v.Files, v.Goroutines
	}
	slices.Sort(files[:])
	slices.Sort(goroutines[:])
	v.Files, v.Goroutines = files[samples/2], goroutines[samples/2]
	return v
}

// Recovers waits until there is no more than before. Asking makes garbage, so that collections come.
func (s *Server) Recovers(tb testing.TB, before Vitals) {
	tb.Helper()
	var now Vitals
	defer func() {
		if tb.Failed() {
			tb.Logf("before: %+v; now: %+v", before, now)
		}
	}()
	Eventually(tb, fmt.Sprintf("all is as before, %+v", before), func() bool {
		now = s.Vitals(tb)
		return now.Files <= before.Files && now.Goroutines <= before.Goroutines &&
			now.Heap <= before.Heap+mostLeft && now.Stacks <= before.Stacks+mostLeft
	})
}
