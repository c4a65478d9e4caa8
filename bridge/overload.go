package bridge

import (
	"log/slog"
	"sync"

	"github.com/wsbridge/wsbridge/bridge/schedule"
)

// overload counts the clients that there was no room or no time for. The first is logged at once, the others together.
type overload struct {
	log     *slog.Logger
	backlog *schedule.Backlog

	mu      sync.Mutex // guards the fields below
	closed  int        // since the last line: clients with 1013,
	refused int        // and handshakes with 503
	why     error      // of the last one
	said    bool       // there has been a line in this interval
}

func (o *overload) closes(why error) { o.count(1, 0, why) }

func (o *overload) refuses(why error) { o.count(0, 1, why) }

func (o *overload) count(closed, refused int, why error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed += closed
	o.refused += refused
	o.why = why
	if !o.said {
		o.say()
	}
}

// flush logs what has not been logged yet. After an interval without any, the next one is logged at once again.
func (o *overload) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.said = false
	if o.closed+o.refused > 0 {
		o.say()
	}
}

// say is called with mu held: lines keep their order.
func (o *overload) say() {
	events, size := o.backlog.Now()
	o.log.Warn("overloaded: clients were turned away", "closed", o.closed, "refused", o.refused, keyError, o.why,
		keyWaiting, events, keyBytes, size)
	o.closed, o.refused, o.said = 0, 0, true
}
