package resident

import (
	"context"
	"log/slog"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// control is an event of ours, which no handler is called for.
type control struct {
	event  protocol.Event
	make   func() *protocol.Event // nil: event as it is
	log    *slog.Logger
	done   *protocol.Done
	failed *protocol.Failure
	err    error
	ended  chan struct{}
	onEnd  func() // nil: nothing
}

var _ protocol.Exchange = (*control)(nil)

// controlSeq is the number of all events of ours. It is that of no other event, which count from 1 on.
const controlSeq = 1<<63 - 1

func newControl(kind protocol.Kind, log *slog.Logger) *control {
	return &control{event: protocol.Event{Kind: kind, Seq: controlSeq}, log: log, ended: make(chan struct{})}
}

func (c *control) IsSmall() bool { return false }

func (c *control) Event() *protocol.Event {
	if c.make != nil {
		c.event = *c.make()
		c.event.Seq = controlSeq
	}
	return &c.event
}

func (c *control) Apply(e *protocol.Effect) {
	switch {
	case e.Done != nil:
		c.done = e.Done
	case e.Failed != nil:
		c.failed = e.Failed
	case e.Log != nil:
		log := c.log
		if e.Log.File != "" {
			log = log.With("file", e.Log.File, "line", e.Log.Line)
		}
		log.Log(context.Background(), e.Log.Severity(), e.Log.Message)
	}
}

func (c *control) End(err error) {
	if c.err = err; err == nil && c.failed != nil {
		c.err = c.failed
	}
	close(c.ended)
	if c.onEnd != nil {
		c.onEnd()
	}
}

// Long says so of the only event of ours that runs code of the application.
func (c *control) Long(worker int, took time.Duration) {
	c.log.Warn("a resident worker takes long to load the application and to run ws_server_initialize", keyPID, worker, keyTook, took)
}

// IsAbandoned is not asked: a control is never queued.
func (c *control) IsAbandoned() bool { return false }

func (c *control) Drop() { c.End(protocol.ErrUnavailable) }

func (c *control) Alone() { c.End(protocol.ErrUnavailable) }

// wait blocks until the event has ended, or ctx.
func (c *control) wait(ctx context.Context) (*protocol.Done, error) {
	select {
	case <-c.ended:
		return c.done, c.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
