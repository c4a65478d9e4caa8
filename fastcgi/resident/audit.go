package resident

import "github.com/wsbridge/wsbridge/protocol"

// calm is how many events a worker may have ended since the last tick, ours included, to be idle enough for an audit.
const calm = 50

// audit has an idle worker compare a part of what it holds with the copy of that. It does not wait for the answer. It is called at each
// tick.
func (l *Lane) audit() {
	w := l.current()
	if w == nil {
		return
	}
	ended := w.events.Load()
	isCalm := ended-w.ticked <= calm
	w.ticked = ended
	if !isCalm {
		return
	}
	c := newControl(protocol.Audit, l.config().Logger)
	var then func(*protocol.Done)
	c.make = func() (e *protocol.Event) {
		e, then = l.state.Audit()
		return e
	}
	c.onEnd = func() {
		if c.err == nil && then != nil {
			then(c.done)
		}
	}
	l.order(w, c, func() bool { return w == l.worker && !l.held && !w.left && len(w.flights) == 0 && len(l.queue) == 0 })
}
