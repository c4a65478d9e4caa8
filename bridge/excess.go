package bridge

import (
	"log/slog"
	"maps"
	"slices"
	"sync"

	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// excess keeps clients that go over their limits from filling the log: of each limit the first client of an interval is logged
// as it comes, the others together at the interval's end.
type excess struct {
	log *slog.Logger

	mu   sync.Mutex // guards over
	over map[outcome.Ending]int
}

func newExcess(log *slog.Logger) *excess { return &excess{log: log, over: map[outcome.Ending]int{}} }

// isLimit reports whether an ending means that the client was over a limit of its own.
func isLimit(e outcome.Ending) bool {
	switch e {
	case outcome.EndedTooBig, outcome.EndedFlood, outcome.EndedIdle, outcome.EndedSlow:
		return true
	}
	return false
}

// isFirst counts a client that is over a limit, and reports whether it is to be logged.
func (x *excess) isFirst(e outcome.Ending) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.over[e]++
	return x.over[e] == 1
}

// flush logs how many there were beside the first ones, and begins another interval.
func (x *excess) flush() {
	x.mu.Lock()
	past := maps.Clone(x.over)
	clear(x.over)
	x.mu.Unlock()
	for _, e := range slices.Sorted(maps.Keys(past)) {
		if n := past[e]; n > 1 {
			x.log.Warn("more clients were over a limit", keyEnding, e.String(), keyClients, n-1)
		}
	}
}
