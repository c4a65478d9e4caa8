package resident

import "github.com/wsbridge/wsbridge/protocol"

// check asks the workers about themselves. It does not wait for the answers.
func (l *Lane) check() {
	l.mu.Lock()
	workers := [...]*worker{l.worker, l.next, l.spare}
	l.mu.Unlock()
	for _, w := range workers {
		if w != nil {
			l.checkWorker(w)
		}
	}
}

func (l *Lane) checkWorker(w *worker) {
	c, early := newControl(protocol.Check, l.config().Logger), w.hasNoRequest()
	if w == l.current() {
		c.make = func() *protocol.Event {
			e := &protocol.Event{Kind: protocol.Check}
			l.state.Changes(e)
			return e
		}
	}
	c.onEnd = func() {
		if c.err == nil && early {
			w.goesOn()
		}
		if c.err == nil {
			if checkup, err := c.done.Checkup(); err == nil {
				l.checked(w, checkup)
			}
		}
	}
	// Also one that is held, since what it is held for may wait for a php-fpm that waits for it.
	l.order(w, c, func() bool {
		ok := !w.left && !w.checking && (w == l.worker || w == l.spare || w == l.next)
		w.checking = w.checking || ok
		return ok
	})
}

// checked notes what a worker has said about itself, and whether it is to be replaced for that.
func (l *Lane) checked(w *worker, c protocol.Checkup) {
	memory := w.process.memory()
	if memory == 0 {
		memory = c.Memory
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	w.checking, w.Memory = false, memory
	if w.start == 0 && w == l.worker {
		w.start = memory
	}
	changed := c.Changed && c.Settled
	if w == l.worker && c.Settled && !c.Changed { // the code that the worker has loaded is there again
		l.broken = ""
	}
	switch {
	case c.Leaving != "":
		w.leaving, w.left = c.Leaving, true
	case changed:
		l.newCode = true
	case w == l.worker && !c.Changed && c.Settled && l.state.IsUncertain():
		l.certain = true
	case w == l.worker && w.hasGrown(l.cfg.Memory):
		l.recycle = muchMemory
	default:
		return
	}
	signal(l.changed)
}

// hasGrown reports whether the worker uses more memory than limit, if there is one, and half as much again as when it began. Rows that need
// so much would make its successor as large. It is called with the lane's mu held.
func (w *worker) hasGrown(limit int64) bool {
	return limit > 0 && w.Memory > limit && w.Memory > w.start/2*3
}
