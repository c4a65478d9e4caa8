package serve

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

const (
	// leastGarbage is how many bytes of garbage may be there before they are collected, unless maxGCPercent is reached before.
	leastGarbage = 32 << 20
	maxGCPercent = 800
	minGCPercent = 100 // Go's own
)

var collectsLess sync.Once // collectLess

// collectLess has garbage collected less often while the heap is small, unless the environment says how often (GOGC). A message makes two
// kilobytes of garbage. With few clients, and so few megabytes in use, a busy server would collect it dozens of times a second, which took an
// eighth of its processor time.
func collectLess() {
	if os.Getenv("GOGC") == "" {
		(&gcTuner{percent: minGCPercent}).tune()
	}
}

// gcTuner is garbage itself: its finalizer runs after each collection.
type gcTuner struct {
	percent int
	heap    []metrics.Sample
}

func (t *gcTuner) tune() {
	if t.heap == nil {
		t.heap = []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	}
	metrics.Read(t.heap)
	live := int(t.heap[0].Value.Uint64())
	percent := min(max(minGCPercent, 100*leastGarbage/max(1, live)), maxGCPercent)
	if off := percent - t.percent; off > t.percent/8 || -off > t.percent/8 { // to set it stops the program for a moment
		t.percent = percent
		debug.SetGCPercent(percent)
	}
	runtime.SetFinalizer(t, (*gcTuner).tune)
}
