package serve

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

func TestGarbageIsCollectedLessOftenWhileTheHeapIsSmall(t *testing.T) {
	t.Setenv("GOGC", "")
	before := debug.SetGCPercent(minGCPercent)
	t.Cleanup(func() { debug.SetGCPercent(before) })
	collectLess()
	awaitGCPercent(t, func(percent int) bool { return percent > 2*minGCPercent })
	large := make([]byte, 3*leastGarbage)
	awaitGCPercent(t, func(percent int) bool { return percent == minGCPercent })
	runtime.KeepAlive(large)
}

func awaitGCPercent(t *testing.T, is func(int) bool) {
	t.Helper()
	for began := time.Now(); time.Since(began) < patience; {
		runtime.GC()
		now := []metrics.Sample{{Name: "/gc/gogc:percent"}}
		if metrics.Read(now); is(int(now[0].Value.Uint64())) {
			return
		}
	}
	t.Error("it does not change")
}
