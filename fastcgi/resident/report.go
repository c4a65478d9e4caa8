package resident

import (
	"maps"
	"time"
)

// Report says how a lane and its workers are, and what they have done since the lane was made.
type Report struct {
	Workers     []Info // that there are
	Ended       []Info // the latest, the oldest first
	Stateless   bool   // events run in requests of their own, as no worker can be started
	Broken      string // why the code that the application has by now cannot be loaded, so that workers go on with other code; empty: it can
	MemoryLimit int64  // bytes, over which a worker is replaced; 0: there is none

	Events   map[Kind]int64   // that workers have ended
	Replaced map[Cause]uint64 // workers that ran events and have ended, by why
	Failed   BootFailures
}

// BootFailures are workers that could not be started, or could not load the application.
type BootFailures struct {
	Times uint64
	Last  time.Time // zero: there was none
	Error string    // of the last
}

// tally counts what workers have done. It is guarded by the lane's mu.
type tally struct {
	events   map[Kind]int64 // of workers that have ended
	replaced map[Cause]uint64
	failed   BootFailures
}

func newTally() tally { return tally{events: map[Kind]int64{}, replaced: map[Cause]uint64{}} }

// add counts a worker that has ended.
func (t *tally) add(ended *Info) {
	t.events[ended.Kind] += ended.Events
	if ended.Kind != Spare {
		t.replaced[ended.Cause]++
	}
}

// Report returns how the lane is now.
func (l *Lane) Report() Report {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := Report{Stateless: l.alone, Broken: l.broken, MemoryLimit: l.cfg.Memory, Events: maps.Clone(l.tally.events),
		Replaced: maps.Clone(l.tally.replaced), Failed: l.tally.failed}
	for _, i := range l.workers() {
		if !i.Ended.IsZero() {
			r.Ended = append(r.Ended, i)
			continue
		}
		r.Workers = append(r.Workers, i)
		r.Events[i.Kind] += i.Events
	}
	return r
}

// noteFailure counts a worker that could not be started or filled, unless that is because the lane is being closed.
func (l *Lane) noteFailure(err error) {
	if err == nil || l.duty.Err() != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tally.failed = BootFailures{Times: l.tally.failed.Times + 1, Last: time.Now(), Error: err.Error()}
}
