package timing

import (
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/bridge/observe"
)

// What counting costs each event.
func BenchmarkEvent(b *testing.B) {
	var e Events
	o := observe.Observation{Queue: 12 * time.Microsecond, Wait: 80 * time.Microsecond, Run: 150 * time.Microsecond,
		Apply: 20 * time.Microsecond, Total: 262 * time.Microsecond}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			e.Add(&o)
		}
	})
}
