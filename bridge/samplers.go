package bridge

import (
	"context"
	"runtime/debug"
	"time"

	"github.com/wsbridge/wsbridge/bridge/door"
	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/protocol"
)

// logInterval is how often repetitions are summed up in the log.
const logInterval = 10 * time.Second

// samplers log the first of many equal things at once, and the number of the others at the end of an interval.
type samplers struct {
	overloads    observe.Sampler[overload]
	rejections   observe.Sampler[string] // by limit
	overLimits   observe.Sampler[outcome.Ending]
	failures     observe.Sampler[failure]
	lostUpgrades observe.Sampler[string] // by what is missing
	unclosed     observe.Sampler[error]  // clients whose close event did not run, by the sentinel
}

// overload is a reason for turning clients away: there is no room or no time for them.
type overload struct {
	refused bool // in the handshake, with 503; else closed with 1013
	why     error
}

// failure is what equal failures have in common.
type failure struct {
	kind protocol.Kind
	name string
	file string
	line int
}

// everyInterval calls flush at intervals until ctx ends.
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

// flushLogs ends an interval. It also drops what the limiter no longer needs.
func (b *Bridge) flushLogs() {
	b.overloads.Flush(b.logOverload)
	b.rejections.Flush(func(limit string, more int) { b.logRejections(limit, more) })
	b.overLimits.Flush(func(e outcome.Ending, more int) {
		b.log.Warn("more clients were over a limit", keyEnding, e.String(), keyClients, more)
	})
	b.failures.Flush(b.logFailures)
	b.lostUpgrades.Flush(b.logLostUpgrades)
	b.unclosed.Flush(func(why error, more int) {
		b.log.Error("close handlers did not run for more clients", keyError, why, keyClients, more)
	})
	b.limiter.Sweep(time.Now())
	b.freeMemory()
}

// muchMemory is so much that it is given back to the system. Go would do so too, over some minutes.
const muchMemory = 64 << 20

// freeMemory gives memory back after large messages, or many.
func (b *Bridge) freeMemory() {
	if b.upgrader.Reading.Freed()+b.upgrader.Sending.Freed() > muchMemory {
		debug.FreeOSMemory()
	}
}

func (b *Bridge) logFailures(same failure, more int) {
	log := b.log.With(keyEvent, same.kind)
	if same.file != "" {
		log = log.With(keyFile, same.file, keyLine, same.line)
	}
	log.Error("handler failed again and again", keyError, same.name, "times", more)
}

// countOverload counts a client that is turned away. It compares sentinels: each client has an error of its own when php-fpm is away.
func (b *Bridge) countOverload(o overload) {
	if b.overloads.First(overload{refused: o.refused, why: outcome.Sentinel(o.why)}) {
		b.logOverload(o, 1)
	}
}

func (b *Bridge) logOverload(o overload, clients int) {
	closed, refused := clients, 0
	if o.refused {
		closed, refused = 0, clients
	}
	events, size := b.backlog.Load()
	b.log.Warn("overloaded: clients were turned away", "closed", closed, "refused", refused, keyError, o.why,
		keyWaiting, events, keyBytes, size)
}

// TurnedAwayLimits returns all limits with which Observer.TurnedAway may be called.
func TurnedAwayLimits() []string { return door.LimitNames() }

// countRejection counts a connection that exceeds a limit of the door.
func (b *Bridge) countRejection(limit, peer string) {
	b.cfg().Observer.TurnedAway(limit)
	if b.rejections.First(limit) {
		b.logRejections(limit, 1, keyPeer, peer)
	}
}

func (b *Bridge) logRejections(limit string, connections int, attrs ...any) {
	attrs = append([]any{"turned_away", map[string]int{limit: connections}}, attrs...)
	b.log.Warn("connections were turned away at the door", attrs...)
}

// countOverLimit counts a client that has ended, if it has exceeded a limit of its own.
func (c *client) countOverLimit(e outcome.Ending) {
	if isOverLimit(e) && c.bridge.overLimits.First(e) {
		c.logger().Warn("client is over a limit", keyEnding, e.String())
	}
}

// isOverLimit reports whether a client has exceeded a limit of its own.
func isOverLimit(e outcome.Ending) bool {
	switch e {
	case outcome.EndedTooBig, outcome.EndedFlood, outcome.EndedIdle, outcome.EndedSlow, outcome.EndedMemory,
		outcome.EndedUnfinished:
		return true
	}
	return false
}
