package bridge

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// lane is where events of one sort wait for their turn, so that many of one sort do not hold up the others.
type lane int

const (
	laneOwn       lane = iota // events that run side by side
	laneAlone                 // events that run alone
	laneHandshake             // authenticate and open, whichever way they run
	laneClose                 // close events, likewise
	lanes
)

// gate gives events their turn: one alone, or up to width side by side. Those of a lane are let in first come, first
// served. The lanes are served in turn, each time with one event that runs alone or with width that do not, which takes
// about as long. Whoever is next is not overtaken: one that wants to be alone waits only for those inside, and nobody
// starves.
type gate struct {
	mu      sync.Mutex // guards the fields below
	width   int
	inside  int  // events
	alone   bool // the one that is inside runs alone
	queues  [lanes]list.List
	waiting int       // in all queues
	at      lane      // whose turn it is
	left    int       // of its turn, in events side by side
	paused  bool      // nobody is let in
	resumed time.Time // the last pause ended; zero: there was none
}

// waiter is what the queues hold.
type waiter struct {
	alone bool
	in    chan struct{} // closed when it is let in
}

// newGate returns a gate for at most width events side by side.
func newGate(width int) *gate { return &gate{width: width} }

// enter blocks until the event's turn or the end of ctx. Without an error, the caller calls leave once.
func (g *gate) enter(ctx context.Context, l lane, alone bool) error {
	w := &waiter{alone: alone, in: make(chan struct{})}
	place := g.join(l, w)
	select {
	case <-w.in:
		return nil
	case <-ctx.Done():
		g.giveUp(l, w, place)
		return context.Cause(ctx)
	}
}

// resize lets other than width events side by side in from now on. Those that are inside stay.
func (g *gate) resize(width int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.width = width
	g.admit()
}

// tryEnter is enter for those who do not wait; it reports false if it is not their turn.
func (g *gate) tryEnter(alone bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.paused || g.waiting > 0 || !g.fits(alone) {
		return false
	}
	g.let(alone)
	return true
}

// leave lets in those who come next.
func (g *gate) leave(alone bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.out(alone)
	g.admit()
}

func (g *gate) join(l lane, w *waiter) (place *list.Element) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting++
	place = g.queues[l].PushBack(w)
	g.admit()
	return place
}

// giveUp takes w out, and lets in those that had to wait for it.
func (g *gate) giveUp(l lane, w *waiter, place *list.Element) {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-w.in: // in the same moment
		g.out(w.alone)
	default:
		g.queues[l].Remove(place)
		g.waiting--
	}
	g.admit()
}

func (g *gate) admit() {
	for !g.paused && g.waiting > 0 {
		g.pass()
		queue := &g.queues[g.at]
		w := queue.Front().Value.(*waiter)
		if !g.fits(w.alone) {
			return
		}
		queue.Remove(queue.Front())
		g.waiting--
		g.let(w.alone)
		g.left -= g.weight(w.alone)
		close(w.in)
	}
}

// pass gives the turn to the next lane in which somebody waits, if it is over or of no use.
func (g *gate) pass() {
	for g.left <= 0 || g.queues[g.at].Len() == 0 {
		g.at, g.left = (g.at+1)%lanes, g.width
	}
}

// fits reports whether there is room; after a resize there may be more inside than width.
func (g *gate) fits(alone bool) bool {
	if alone {
		return g.inside == 0
	}
	return !g.alone && g.inside < g.width
}

func (g *gate) let(alone bool) {
	g.inside++
	g.alone = alone
}

func (g *gate) out(alone bool) {
	g.inside--
	g.alone = g.alone && !alone
}

// weight is what an event takes of its lane's turn.
func (g *gate) weight(alone bool) int {
	if alone {
		return g.width
	}
	return 1
}
