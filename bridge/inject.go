package bridge

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/protocol"
)

var (
	// ErrNoHandler says that the application has no ws_server_fifo.
	ErrNoHandler = errors.New("there is no ws_server_fifo")
	// ErrFull says that as many documents wait as may.
	ErrFull = errors.New("too many documents wait")
	// ErrNotRun says that a document's turn did not come in time, and never will.
	ErrNotRun = errors.New("its turn did not come in time: it will not run")
	// ErrRuns says that a document's handler had begun in time, and not ended.
	ErrRuns = errors.New("the handler has not ended in time: it may still run")
)

// errRevoked ends an event that nobody waits for any more.
var errRevoked = errors.New("nobody waits for the event any more")

// Inject brings a document to ws_server_fifo, behind those of the pipe, and blocks until its event is over or ctx ends. An
// event that failed is returned with its error, one of protocol's. Other errors come with no event: those of this file,
// ErrStarting, ErrPaused and ErrStopping.
func (b *Bridge) Inject(ctx context.Context, document []byte) (*observe.Trace, error) {
	in := &injection{over: make(chan error, 1)}
	if err := b.queue(in, document); err != nil {
		return nil, err
	}
	select {
	case err := <-in.over:
		if err == nil && in.trace == nil { // the application lost its handler while the document waited
			err = ErrNoHandler
		}
		return in.trace, err
	case <-ctx.Done():
		if in.revoke() {
			return nil, ErrNotRun
		}
		return nil, ErrRuns
	}
}

func (b *Bridge) queue(in *injection, document []byte) error {
	leave, err := b.operate()
	if err != nil {
		return err
	}
	defer leave()
	e := b.serverEvent(protocol.Fifo, document)
	e.injection, e.after = in, in.end
	switch {
	case b.Paused():
		return ErrPaused
	case !b.has(protocol.Fifo):
		return ErrNoHandler
	case !b.events.Add(e):
		return ErrFull
	}
	return nil
}

// injection is a document that somebody waits for.
type injection struct {
	claimed atomic.Int32   // who has the say: nobody yet, or one of the below
	trace   *observe.Trace // set before over
	over    chan error
}

const (
	claimedToRun int32 = iota + 1
	claimedByOwner
)

// run reports whether the event may run; afterwards it cannot be revoked.
func (i *injection) run() bool {
	return i.claimed.CompareAndSwap(0, claimedToRun) || i.claimed.Load() == claimedToRun
}

// revoke reports whether it has kept the event from running.
func (i *injection) revoke() bool { return i.claimed.CompareAndSwap(0, claimedByOwner) }

func (i *injection) end(_ *protocol.Done, err error) { i.over <- err }
