package resident

import (
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// runAlone runs events in requests of their own for a while.
func (l *Lane) runAlone(while time.Duration) {
	until := time.After(while)
	for {
		select {
		case <-until:
			return
		case <-l.duty.Done():
			return
		case <-l.queued:
		}
		for x := l.shift(); x != nil; x = l.shift() {
			l.runInRequest(x)
			select {
			case <-until:
				signal(l.queued)
				return
			default:
			}
		}
	}
}

// runInRequest runs an event in a request of its own. It blocks until that has ended.
func (l *Lane) runInRequest(x protocol.Exchange) {
	began := time.Now()
	l.mu.Lock()
	l.request = began
	long := time.AfterFunc(l.cfg.Hold, func() { l.holdUp(began) })
	l.mu.Unlock()
	x.Alone()
	long.Stop()
	l.mu.Lock()
	l.request = time.Time{}
	l.mu.Unlock()
	l.goOn()
}

// shift removes the first event of the queue.
func (l *Lane) shift() protocol.Exchange {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == 0 {
		return nil
	}
	x := l.queue[0]
	l.queue = l.queue[1:]
	return x
}

// finish runs the events that are still queued. More cannot come.
func (l *Lane) finish() {
	if w := l.current(); w != nil {
		l.hold(w)
	}
	for x := l.shift(); x != nil; x = l.shift() {
		x.Alone()
	}
}
