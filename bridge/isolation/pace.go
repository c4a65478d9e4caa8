package isolation

import (
	"sync/atomic"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// A kind of event is slow from the mean slowAt on, and quick again below quickAt. Between the two it stays what it is, so that it does not
// change with every few events. An event that waits for a database takes milliseconds; to hand a quicker one to another worker gains nothing.
const (
	slowAt  = 5 * time.Millisecond
	quickAt = 2 * time.Millisecond
	// judged is how many events a kind needs before it can be slow, and about how many of the latest the mean is of.
	judged = 8
)

// watchedFirst is how many events of a slow kind are watched, in the process that runs all events, before others may run beside.
const watchedFirst = 16

// Pace knows how long the handlers of each kind of event take, and so which are slow, and how many of these were watched without being
// seen to write what the proof says they do not. Its methods may be called concurrently, and do not block.
type Pace struct {
	kinds   map[protocol.Kind]*atomic.Uint64 // a pace each; the maps do not change
	watched map[protocol.Kind]*atomic.Int32
	shares  map[protocol.Kind]*share // the map does not change
}

// NewPace returns a Pace that has seen no event: every kind is quick.
func NewPace() *Pace {
	p := &Pace{kinds: map[protocol.Kind]*atomic.Uint64{}, watched: map[protocol.Kind]*atomic.Int32{}, shares: newShares()}
	for _, kind := range protocol.Kinds() {
		p.kinds[kind], p.watched[kind] = new(atomic.Uint64), new(atomic.Int32)
	}
	return p
}

// Add records that the handlers of an event of a kind took that long. Waiting for a turn does not count.
func (p *Pace) Add(kind protocol.Kind, took time.Duration) {
	cell := p.kinds[kind]
	for cell != nil {
		before := cell.Load()
		if cell.CompareAndSwap(before, uint64(pace(before).with(took))) {
			return
		}
	}
}

// Slow reports whether the handlers of a kind take long.
func (p *Pace) Slow(kind protocol.Kind) bool {
	cell := p.kinds[kind]
	return cell != nil && pace(cell.Load()).slow()
}

// AddWatched records that an event of a kind was watched and did what the proof says.
func (p *Pace) AddWatched(kind protocol.Kind) {
	if n := p.watched[kind]; n != nil {
		n.Add(1)
	}
}

// IsWatched reports whether enough events of a kind were watched.
func (p *Pace) IsWatched(kind protocol.Kind) bool {
	n := p.watched[kind]
	return n != nil && n.Load() >= watchedFirst
}

// Mean returns about the mean of the latest events of a kind, 0 if there were none.
func (p *Pace) Mean(kind protocol.Kind) time.Duration {
	if cell := p.kinds[kind]; cell != nil {
		return pace(cell.Load()).mean()
	}
	return 0
}

// pace is that of one kind in one word: bit 0 says whether it is slow, bits 1 to 4 count events up to judged, the others are the mean in
// nanoseconds, which lasts for years.
type pace uint64

func (p pace) slow() bool          { return p&1 != 0 }
func (p pace) events() int64       { return int64(p >> 1 & 15) }
func (p pace) mean() time.Duration { return time.Duration(p >> 5) }

// with returns the pace after one more event.
func (p pace) with(took time.Duration) pace {
	n := min(p.events()+1, judged)
	mean := p.mean() + (max(took, 0)-p.mean())/time.Duration(n)
	slow := n == judged && (mean >= slowAt || p.slow() && mean >= quickAt)
	next := pace(mean)<<5 | pace(n)<<1
	if slow {
		next |= 1
	}
	return next
}
