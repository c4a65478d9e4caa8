package bridge

import (
	"context"
	"time"

	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/protocol"
)

// logInterval is how often the log sums up what happens again and again: a line for each would be a storm of its own.
const logInterval = 10 * time.Second

// samplers keep the log short.
type samplers struct {
	overloads  observe.Sampler[overload]
	rejections observe.Sampler[string] // by limit
	overLimits observe.Sampler[outcome.Ending]
	failures   observe.Sampler[failure]
}

// failure is what failures have in common that are alike.
type failure struct {
	kind protocol.Kind
	name string
	file string
	line int
}

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

// flushLogs sums up what has not been logged, and forgets what is no longer needed.
func (b *Bridge) flushLogs() {
	b.overloads.Flush(b.logOverload)
	b.rejections.Flush(func(limit string, more int) { b.logRejections(limit, more) })
	b.overLimits.Flush(func(e outcome.Ending, more int) {
		b.log.Warn("more clients were over a limit", keyEnding, e.String(), keyClients, more)
	})
	b.failures.Flush(b.logFailures)
	b.limiter.Sweep(time.Now())
}

func (b *Bridge) logFailures(alike failure, more int) {
	log := b.log.With(keyEvent, alike.kind)
	if alike.file != "" {
		log = log.With(keyFile, alike.file, keyLine, alike.line)
	}
	log.Error("handler failed again and again", keyError, alike.name, "times", more)
}
