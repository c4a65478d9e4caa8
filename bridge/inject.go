package bridge

import (
	"context"
	"sync/atomic"

	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/protocol"
)

// Inject queues a document for ws_server_fifo, after those of the pipe, and blocks until its event has ended or ctx ends. If the event
// failed, the error is one of package protocol and comes with the event. Other errors come without an event: ErrNoHandler, ErrFull,
// ErrNotRun, ErrRuns, ErrStarting, ErrPaused and ErrStopping, and outcome.ErrDrained.
func (b *Bridge) Inject(ctx context.Context, document []byte) (*observe.Trace, error) {
	w := &waiter{result: make(chan error, 1)}
	if err := b.inject(w, document); err != nil {
		return nil, err
	}
	select {
	case err := <-w.result:
		if err == nil && w.trace == nil { // the handler was removed while the document waited
			err = ErrNoHandler
		}
		return w.trace, err
	case <-ctx.Done():
		if w.cancel() {
			return nil, ErrNotRun
		}
		return nil, ErrRuns
	}
}

func (b *Bridge) inject(w *waiter, document []byte) error {
	leave, err := b.enterServing()
	if err != nil {
		return err
	}
	defer leave()
	e := b.serverEvent(protocol.Fifo, document)
	e.waiter, e.onEnd = w, w.end
	switch {
	case b.Paused():
		return ErrPaused
	case !b.hasHandler(protocol.Fifo):
		return ErrNoHandler
	case !b.events.Add(e):
		return ErrFull
	}
	return nil
}

// waiter is the caller of Inject, who waits for the result of an event.
type waiter struct {
	state  atomic.Int32
	trace  *observe.Trace // set before result
	result chan error
}

// The states of a waiter: from waiting it changes to one of the others, once.
const (
	waiterWaits int32 = iota
	waiterClaimed
	waiterCanceled
)

// claim reports whether the event may run. Afterwards cancel fails.
func (w *waiter) claim() bool {
	return w.state.CompareAndSwap(waiterWaits, waiterClaimed) || w.state.Load() == waiterClaimed
}

// cancel reports whether it has kept the event from running.
func (w *waiter) cancel() bool { return w.state.CompareAndSwap(waiterWaits, waiterCanceled) }

func (w *waiter) end(_ *protocol.Done, err error) { w.result <- err }
