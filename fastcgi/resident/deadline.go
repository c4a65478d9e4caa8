package resident

import (
	"cmp"
	"fmt"
	"syscall"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// interruptTime is how long PHP may take to end an event whose time is over, and to say where that was, before its process is killed.
const interruptTime = 500 * time.Millisecond

// endLimit is how long a process may take to end that a failed event has ended, where events have no time limit.
const endLimit = 30 * time.Second

// arm makes the deadline's timer run. The caller holds mu.
func (l *Lane) arm() {
	if !l.armed {
		l.armed = true
		l.timer.Reset(l.cfg.nextLook(0))
	}
}

// nextLook returns when there is something to do next about an event that has run for so long, counted from its start.
func (c *Config) nextLook(took time.Duration) time.Duration {
	next := c.nextWarning(took)
	if took < c.Hold {
		next = min(next, c.Hold)
	}
	switch {
	case c.Timeout == 0:
		return next
	case took < c.Timeout:
		return min(next, c.Timeout)
	}
	return c.Timeout + interruptTime
}

// nextWarning returns when to warn next of an event that has run for so long: after Long, and each time that has doubled.
func (c *Config) nextWarning(took time.Duration) time.Duration {
	next := c.Long
	for next <= took {
		next *= 2
	}
	return next
}

// checkDeadline looks at the event that runs. A fired timer that comes too early starts again: to reset it for each event would cost more.
func (l *Lane) checkDeadline() {
	act, since := l.look()
	l.holdUp(since)
	if act != nil {
		act()
	}
}

// look returns what is to be done about the event that runs, or about the end of its process, or nil, and since when the lane is held up by it,
// or zero. It starts the timer again if there is something of both.
func (l *Lane) look() (act func(), since time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.armed = false
	w := l.worker
	switch {
	case w == nil:
		return nil, since
	case !w.failed.IsZero(): // what it was sent since has not begun
		return l.lookAtEnd(w), l.heldSince()
	case len(w.flights) == 0:
		return nil, since
	}
	limit, took := l.cfg.Timeout, time.Since(w.began)
	switch {
	case limit > 0 && took >= limit+interruptTime:
		w.overdue, w.leaving = true, eventLate
		return w.kill, since
	case limit > 0 && took >= limit:
		w.leaving = eventLate
		act = w.process.interrupt
	case took >= l.cfg.nextWarning(w.warned):
		w.warned = took
		x := w.flights[0].exchange
		act = func() { x.Long(w.PID, took.Round(time.Second)) }
	}
	l.armed = true
	l.timer.Reset(l.cfg.nextLook(took) - took)
	return act, l.heldSince()
}

// lookAtEnd is look for a worker that an event has ended by failing. PHP calls shutdown functions and destructors then, and no other event runs
// before it is done.
func (l *Lane) lookAtEnd(w *worker) (act func()) {
	limit, took := cmp.Or(l.cfg.Timeout, endLimit), time.Since(w.failed)
	if took < limit {
		l.armed = true
		next := limit
		if took < l.cfg.Hold {
			next = min(next, l.cfg.Hold)
		}
		l.timer.Reset(next - took)
		return nil
	}
	return func() {
		l.cfg.Logger.Warn("a process that a failed event has ended is killed: its shutdown functions or destructors take too long",
			keyTook, took.Round(time.Second))
		w.kill()
	}
}

// errLate says that an event has taken longer than it may.
func errLate(limit time.Duration) error {
	return fmt.Errorf("%w: no end within %v", protocol.ErrTimeout, limit)
}

// interrupt has PHP end what it runs, as if its own time limit was over: it then says in which line that was. PHP's limit itself counts the
// time on a processor only, and to set it for each event would cost more. If the process is not ours to signal, it will be killed.
func (p *process) interrupt() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.handle != nil && !p.ended {
		_ = p.handle.Signal(syscall.SIGPROF)
	}
}

// abandon ends all events with an error and kills all workers. No other may be booted any more.
func (l *Lane) abandon(err error) {
	l.Abort(err)
	l.mu.Lock()
	workers := [...]*worker{l.worker, l.next, l.spare}
	l.mu.Unlock()
	for _, w := range workers {
		if w != nil {
			w.kill()
		}
	}
	l.end() // the workers beside the lane lose their connections, and are killed for that
}

// Abort ends the event that runs, and all that wait, with an error. Events that come later run.
func (l *Lane) Abort(err error) {
	l.mu.Lock()
	waiting := l.queue
	l.queue = nil
	w := l.worker
	if w != nil && len(w.flights) > 0 {
		w.aborted, w.leaving = err, serverEnds
	} else {
		w = nil
	}
	l.mu.Unlock()
	if w != nil {
		w.kill()
	}
	for _, x := range waiting {
		x.End(err)
	}
}
