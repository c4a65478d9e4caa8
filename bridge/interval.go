package bridge

import (
	"context"
	"time"
)

// logInterval is how often the log sums up what happens again and again: a line for each would be a storm of its own.
const logInterval = 10 * time.Second

// everyInterval calls flush until ctx ends.
func everyInterval(ctx context.Context, flush func()) {
	tick := time.NewTicker(logInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			flush()
		case <-ctx.Done():
			return
		}
	}
}

// flushLogs writes what has been held back for an interval's end, and forgets what is no longer needed.
func (b *Bridge) flushLogs() {
	b.over.flush()
	b.failures.flush()
	b.excess.flush()
	b.rejected.flush()
	b.limiter.Sweep(time.Now())
}
