package resident

import (
	"runtime"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// sendAll sends events to the worker until the lane is closed.
func (l *Lane) sendAll() {
	for {
		select {
		case <-l.wake:
		case <-l.life.Done():
			return
		}
		runtime.Gosched() // let others that are about to queue an event do so, since one write of many events costs less
		for l.sendSome() {
		}
	}
}

// sendSome sends what the worker may be sent now. It reports whether that was anything.
func (l *Lane) sendSome() bool {
	l.sending.Lock()
	defer l.sending.Unlock()
	return l.sendNow()
}

// sendNow is sendSome for callers that hold sending.
func (l *Lane) sendNow() bool {
	w, batch := l.take()
	if len(batch) == 0 {
		return false
	}
	written := w.send(batch)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range batch {
		s.written = written
	}
	return written
}

// take moves events from the queue to the worker.
func (l *Lane) take() (*worker, []*sent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.worker
	if w == nil || l.held || l.heldUp || w.left {
		return nil, nil
	}
	n := min(len(l.queue), maxSent-len(w.flights))
	if n <= 0 {
		return w, nil
	}
	batch := make([]*sent, n)
	for i, x := range l.queue[:n] {
		batch[i] = &sent{exchange: x}
	}
	l.unqueue(n)
	l.add(w, batch...)
	return w, batch
}

// unqueue removes the first events from the queue, which keeps its memory for those that come next, unless that is much. The caller holds mu.
func (l *Lane) unqueue(n int) {
	clear(l.queue[:n])
	switch {
	case n < len(l.queue):
		l.queue = l.queue[n:]
	case cap(l.queue) <= maxSent:
		l.queue = l.queue[:0]
	default:
		l.queue = nil
	}
}

// add notes events that are about to be sent. The caller holds mu.
func (l *Lane) add(w *worker, batch ...*sent) {
	if len(w.flights) == 0 {
		w.began = time.Now()
		l.arm()
	}
	w.flights = append(w.flights, batch...)
}

// order sends an event of ours to a worker, if allowed says so. It ends the event if not, or if the worker has ended.
func (l *Lane) order(w *worker, c *control, allowed func() bool) {
	l.sending.Lock()
	defer l.sending.Unlock()
	s := &sent{exchange: c}
	l.mu.Lock()
	ok := !w.gone && allowed()
	if ok {
		l.add(w, s)
	}
	l.mu.Unlock()
	if !ok {
		c.End(protocol.ErrUnavailable)
		return
	}
	written := w.send([]*sent{s})
	l.mu.Lock()
	defer l.mu.Unlock()
	s.written = written
}

// first returns the event that the worker runs, or nil.
func (l *Lane) first(w *worker) *sent {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(w.flights) == 0 {
		return nil
	}
	return w.flights[0]
}

// pop removes the event that has ended, and returns the next one, if that has been sent already, and whether the lane was held up. A worker whose
// event has failed begins no other.
func (l *Lane) pop(w *worker, failed *protocol.Failure) (next *sent, wasHeld bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if failed != nil {
		w.left, w.leaving, w.failed = true, endedBy(failed), time.Now()
		l.arm()
	}
	w.flights[0] = nil
	w.flights = w.flights[1:]
	w.warned = 0
	if len(w.flights) > 0 {
		w.began, next = time.Now(), w.flights[0]
	} else {
		w.flights = nil
		if l.waiting && w == l.worker {
			l.waiting = false
			close(l.idle)
		}
	}
	if len(l.queue) > 0 {
		signal(l.wake)
	}
	return next, l.heldUp && w == l.worker
}
