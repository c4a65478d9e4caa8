package bridge

import (
	"context"
	"sync"
	"sync/atomic"
)

// sendOrder keeps together what an event sends to others than its own client. Of events that run beside each other, the one that sends to
// others first is the sender until it ends. What others send to others meanwhile is kept and sent after that, in the order in which they
// began to; see eventSends.
//
// The sender waits for nothing here, so it ends by PHP's time limit at the latest. Each event waits for no longer than that limit: all those
// that it waits for have begun before.
type sendOrder struct {
	room func() (effects, size int) // how much may be kept, of all events together; the size in bytes

	lane atomic.Int32 // how many events of the lane wait, or have waited and not ended

	mu      sync.Mutex    // guards the fields below
	sender  *eventSends   // nil: no event that runs has sent to others
	waiting []*eventSends // in the order in which they become the sender
	settled chan struct{} // closed when lane is 0; nil: nobody waits for that
	effects int           // that are kept
	size    int           // of these, in bytes
}

// enter makes s the sender, or reports false if it has to wait for that.
func (o *sendOrder) enter(s *eventSends) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sender == nil {
		o.sender = s
		return true
	}
	s.turn = make(chan struct{})
	if s.inOrder {
		o.lane.Add(1)
	}
	o.waiting = append(o.waiting, s)
	return false
}

// leave is called when the sender has ended. It carries out what the next one has kept, and so on until one that still runs.
func (o *sendOrder) leave() {
	for s := o.next(); s != nil; s = o.next() {
		then := s.begin()
		if then == nil {
			return
		}
		then()
		o.ended(s)
	}
}

// ended is called when what an event has kept is carried out and it has ended.
func (o *sendOrder) ended(s *eventSends) {
	if s.inOrder && s.turn != nil && o.lane.Add(-1) == 0 {
		o.settle()
	}
}

func (o *sendOrder) settle() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.settled != nil && o.lane.Load() == 0 {
		close(o.settled)
		o.settled = nil
	}
}

// awaitLane blocks until no event of the lane waits, or ctx ends, whose cause it returns. What such an event has changed does not count
// until then, and nobody but the worker that has run it knows of it.
func (o *sendOrder) awaitLane(ctx context.Context) error {
	o.mu.Lock()
	if o.lane.Load() == 0 {
		o.mu.Unlock()
		return nil
	}
	if o.settled == nil {
		o.settled = make(chan struct{})
	}
	settled := o.settled
	o.mu.Unlock()
	select {
	case <-settled:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (o *sendOrder) next() *eventSends {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sender = nil
	if len(o.waiting) > 0 {
		o.sender, o.waiting[0] = o.waiting[0], nil
		o.waiting = o.waiting[1:]
	}
	if len(o.waiting) == 0 {
		o.waiting = nil
	}
	return o.sender
}

// take reports whether there is room for one more effect. Afterwards there is so much less, until release.
func (o *sendOrder) take(size int) bool {
	effects, most := o.room()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.effects >= effects || o.size+size > most {
		return false
	}
	o.effects++
	o.size += size
	return true
}

func (o *sendOrder) release(effects, size int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.effects -= effects
	o.size -= size
}
