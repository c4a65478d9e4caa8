package traces

import (
	"errors"
	"log/slog"
	"sync"
	"time"
)

const (
	// maxSpans is how many spans may wait to be sent, including the batch that is being sent.
	maxSpans = 8192
	// logInterval is how often lost spans are logged.
	logInterval = time.Minute
)

var errNoRoom = errors.New("too many wait: the collector is away, or slower than the events")

// Counts are numbers of spans since the start.
type Counts struct {
	Waiting uint64 // now
	Sent    uint64
	NoRoom  uint64 // dropped, since too many waited
	Failed  uint64 // dropped, since the collector did not take their batch, or not all of it
}

// room counts the spans that wait and those that are lost.
type room struct {
	log       *slog.Logger
	collector string

	mu     sync.Mutex // guards the fields below
	count  Counts
	lost   int // since the latest log line
	why    error
	logged time.Time // when that was
}

// take reports whether there is room for all of n spans, which it then takes.
func (r *room) take(n int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.count.Waiting+uint64(n) > maxSpans {
		r.count.NoRoom += uint64(n)
		r.lose(n, errNoRoom)
		return false
	}
	r.count.Waiting += uint64(n)
	return true
}

// sent gives back the room of n spans, which the collector has taken unless there is an error.
func (r *room) sent(n int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count.Waiting -= uint64(n)
	if err == nil {
		r.count.Sent += uint64(n)
		return
	}
	r.count.Failed += uint64(n)
	r.lose(n, err)
}

// lose is called with mu held.
func (r *room) lose(n int, why error) {
	r.lost += n
	r.why = why
	if time.Since(r.logged) >= logInterval {
		r.logLocked()
	}
}

// logLost logs what was lost since the latest line.
func (r *room) logLost() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lost > 0 {
		r.logLocked()
	}
}

// logLocked is called with mu held.
func (r *room) logLocked() {
	r.log.Warn("spans of traces were dropped", "spans", r.lost, "collector", r.collector, "error", r.why)
	r.lost, r.logged = 0, time.Now()
}

func (r *room) counts() Counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count
}
