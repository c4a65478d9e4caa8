package bridge

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/wsbridge/wsbridge/bridge/journal"
	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/protocol"
)

// Inject queues a document for ws_server_fifo, after those of the pipe, and blocks until its event has ended or ctx ends. If the event
// failed, the error is one of package protocol and comes with the event. Other errors come without an event: ErrNoHandler, ErrFull,
// ErrNotRun, ErrRuns, ErrStarting, ErrPaused, ErrStopping and ErrHandingOver, after all of which but ErrRuns the document does not run, and
// outcome.ErrDrained.
func (b *Bridge) Inject(ctx context.Context, document []byte) (*observe.Trace, error) {
	w := &waiter{result: make(chan error, 1)}
	e := b.serverEvent(protocol.Fifo, document)
	e.waiter, e.onEnd = w, w.end
	if err := b.inject(ctx, e); err != nil {
		return nil, err
	}
	select {
	case err := <-w.result:
		if err == nil && w.trace == nil { // the handler was removed while the document waited
			err = ErrNoHandler
		}
		return w.trace, err
	case <-ctx.Done():
		switch {
		case w.cancel():
			if e.document != 0 {
				b.spool.drop(e)
			}
			return nil, ErrNotRun
		case w.state.Load() == waiterCanceled:
			return nil, ErrHandingOver
		}
		return nil, ErrRuns
	}
}

// Enqueue queues a document like Inject, and returns without waiting for its event: when the document is in the journal, if there is one. It
// returns its number there, or 0, and the errors of Inject that come without an event, but ErrPaused only without a journal: in one it waits for
// the end of the pause.
func (b *Bridge) Enqueue(ctx context.Context, document []byte) (id uint64, err error) {
	e := b.serverEvent(protocol.Fifo, document)
	err = b.inject(ctx, e)
	return e.document, err
}

func (b *Bridge) inject(ctx context.Context, e *queuedEvent) error {
	leave, err := b.enterServing()
	if err != nil {
		return err
	}
	defer leave()
	switch {
	case b.Paused() && (e.waiter != nil || b.spool == nil): // else the journal keeps it, however long the pause is
		return ErrPaused
	case !b.hasHandler(protocol.Fifo):
		return ErrNoHandler
	case b.spool == nil:
		return b.addDocument(e)
	}
	switch _, err := b.spool.accept(ctx, fromControl, e); {
	case errors.Is(err, journal.ErrBroken) && b.Paused():
		return ErrPaused
	case errors.Is(err, journal.ErrBroken):
		return b.addDocument(e)
	case errors.Is(err, journal.ErrFull):
		return fmt.Errorf("%w: %w", ErrFull, err)
	case err != nil: // ctx has ended
		return ErrNotRun
	}
	return nil
}

func (b *Bridge) addDocument(e *queuedEvent) error {
	if !b.events.Add(e) {
		return fmt.Errorf("%w: too many wait", ErrFull)
	}
	return nil
}

// waiter is the caller of Inject, who waits for the result of an event.
type waiter struct {
	state  atomic.Int32
	trace  *observe.Trace // set before result
	entry  *journal.Entry // of the document, which may have to be written before it runs; nil: it need not
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

// end tells the caller, unless a hand-over has.
func (w *waiter) end(_ *protocol.Done, err error) {
	select {
	case w.result <- err:
	default:
	}
}
