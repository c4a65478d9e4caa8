package bridge

import (
	"context"
	"errors"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// retryInterval is how often an event asks for a php-fpm that is away. A restart takes it a few hundred milliseconds.
const retryInterval = 100 * time.Millisecond

// errQueueWait ends an event whose turn did not come in time.
var errQueueWait = errors.New("the event's turn did not come in time")

// run takes an event of c from its mailbox through PHP.
func (c *client) run(e errand) {
	b := c.bridge
	ctx, cancel := b.turnContext(e.kind)
	defer cancel()
	leave, err := b.gate.enter(ctx, b.alone(c))
	if err != nil {
		e.finish(nil, err)
		c.failed(e.kind, err)
		return
	}
	defer leave()
	if c.gone() { // closed by another event while this one waited for its turn
		e.finish(nil, nil)
		return
	}
	if e.kind == protocol.Closing {
		c.close()
		return
	}
	done, err := b.ask(c, e.kind, e.payload)
	e.finish(done, err)
	if err != nil {
		c.failed(e.kind, err)
	}
}

// turnContext bounds the wait for an event's turn; a close event waits as long as the server lives.
func (b *Bridge) turnContext(kind protocol.Kind) (context.Context, context.CancelFunc) {
	if kind == protocol.Closing {
		return context.WithCancel(b.base)
	}
	return context.WithTimeoutCause(b.base, b.cfg.QueueWait, errQueueWait)
}

// close runs the close event; the caller is in the gate. Whatever PHP makes of it, the client has left afterwards.
func (c *client) close() {
	switch ending, _, _ := c.how(); ending {
	case protocol.EndedByHangup, protocol.EndedProtocol, protocol.EndedSlow, protocol.EndedSilent:
		c.bridge.table.set(c, protocol.Field{Name: "state", Value: []byte(stateTerminated)})
	}
	_, _ = c.bridge.ask(c, protocol.Closing, nil) // ask has logged what went wrong
	c.leave()
}

// failed decides what a failed event means for its client.
func (c *client) failed(kind protocol.Kind, err error) {
	switch {
	case kind == protocol.Closing:
		c.log.Error("close handlers did not run", keyError, err)
		c.leave()
	case errors.Is(err, errQueueWait), errors.Is(err, protocol.ErrUnavailable), errors.Is(err, protocol.ErrOverloaded):
		c.end(protocol.EndedBusy)
	case c.bridge.cfg.CloseOnError:
		c.end(protocol.EndedFailed)
	}
}

// serve takes an event of the server from its mailbox through PHP.
func (b *Bridge) serve(e errand) {
	leave, err := b.gate.enter(b.base, true)
	if err != nil {
		b.log.Error("event did not run", keyEvent, e.kind, keyError, err)
		e.finish(nil, err)
		return
	}
	defer leave()
	e.finish(b.ask(nil, e.kind, e.payload))
}

// alone reports whether an event of c needs the gate for itself.
func (b *Bridge) alone(c *client) bool {
	return c == nil || b.cfg.Isolation == Serial
}

// ask brings one event to PHP and waits until it is over; the caller is in the gate. While php-fpm is away it asks
// again, as long as no handler can have run. It logs what went wrong. An event without a handler is done at once.
func (b *Bridge) ask(c *client, kind protocol.Kind, payload []byte) (*protocol.Done, error) {
	if !b.has(kind) {
		return &protocol.Done{}, nil
	}
	x := &exchange{bridge: b, client: c, kind: kind, seq: b.seq.Add(1)}
	x.log = b.log
	if c != nil {
		x.log = c.log
	}
	x.log = x.log.With(keyEvent, kind, keySeq, x.seq)
	err := b.persist(func() error { return x.run(payload) }, x.mayWait())
	if err == nil && x.failure != nil {
		err = x.failure
	}
	if err != nil {
		x.logFailure(err)
		return nil, err
	}
	if x.done == nil {
		return &protocol.Done{}, nil
	}
	b.describeIfChanged(x.done.Code)
	return x.done, nil
}

// persist calls f until it does not fail for want of php-fpm. All events share one outage: those that come late in it
// wait only for its rest.
func (b *Bridge) persist(f func() error, wait bool) error {
	for {
		err := f()
		if !errors.Is(err, protocol.ErrUnavailable) && !errors.Is(err, protocol.ErrOverloaded) {
			if b.outage.over() {
				b.log.Info("php-fpm is back")
			}
			return err
		}
		since, first := b.outage.began()
		if first {
			b.log.Error("php-fpm is away", keyError, err)
		}
		if !wait || errors.Is(err, protocol.ErrRefused) || b.hasty.Load() || time.Since(since) > b.cfg.UnavailableWait {
			return err
		}
		select {
		case <-time.After(retryInterval):
		case <-b.base.Done():
			return err
		}
	}
}
