package resident

import (
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// busySince returns since when all other events wait for what runs: for an event, or for the process that one has ended by failing. Zero: nothing
// runs. The caller holds mu.
func (l *Lane) busySince() time.Time {
	switch w := l.worker; {
	case w == nil:
		return l.request
	case !w.failed.IsZero():
		return w.failed
	case len(w.flights) > 0:
		return w.began
	}
	return time.Time{}
}

// heldSince is busySince if that is so long ago that the lane is held up; else it returns zero. The caller holds mu.
func (l *Lane) heldSince() time.Time {
	if since := l.busySince(); time.Since(since) >= l.cfg.Hold {
		return since
	}
	return time.Time{}
}

// holdUp has nothing more sent to the worker, which cannot be taken back from there, and tells the state, if what runs since then still does.
func (l *Lane) holdUp(since time.Time) {
	if since.IsZero() {
		return
	}
	l.telling.Lock()
	defer l.telling.Unlock()
	l.mu.Lock()
	begins := !l.heldUp && l.busySince().Equal(since)
	if begins {
		l.heldUp = true
	}
	l.mu.Unlock()
	if begins {
		l.state.HeldUp(since)
	}
}

// goOn is called when what has run has ended, with what has not begun in the queue again unless the worker may go on with it.
func (l *Lane) goOn() {
	l.telling.Lock()
	defer l.telling.Unlock()
	l.mu.Lock()
	wasHeld := l.heldUp
	l.mu.Unlock()
	if !wasHeld {
		return
	}
	l.state.GoesOn()
	l.mu.Lock()
	l.heldUp = false
	dropped := l.takeAbandoned()
	l.mu.Unlock()
	for _, x := range dropped {
		x.Drop()
	}
	signal(l.wake)
}

// takeAbandoned removes the events from the queue that nobody waits for any more. The caller holds mu.
func (l *Lane) takeAbandoned() (abandoned []protocol.Exchange) {
	var others []protocol.Exchange
	for _, x := range l.queue {
		if x.IsAbandoned() {
			abandoned = append(abandoned, x)
		} else {
			others = append(others, x)
		}
	}
	l.queue = others
	return abandoned
}

// Behind returns the events of the lane that wait for the end of what runs, in their order.
func (l *Lane) Behind() (all []protocol.Exchange) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if w := l.worker; w != nil {
		for i, s := range w.flights {
			_, ours := s.exchange.(*control)
			if runs := i == 0 && w.failed.IsZero(); !ours && !runs {
				all = append(all, s.exchange)
			}
		}
	}
	return append(all, l.queue...)
}
