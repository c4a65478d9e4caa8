package resident

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// errNotBegun says that a worker had ended before it was sent the event.
var errNotBegun = errors.New("resident: the worker had ended")

// errProcessEnded says that a process has ended whose connection something else keeps open.
var errProcessEnded = errors.New("its process has ended")

// besideWorker is a worker that runs one event at a time. Only the goroutine that has taken it from the pool uses it.
type besideWorker struct {
	*worker
	pool    *Pool
	age     int
	checked time.Time
	since   time.Time // when it became idle
	answer  []byte    // read from it
}

// run runs an event. Afterwards leaving says whether the worker has to end.
func (w *besideWorker) run(ctx context.Context, apply func(*protocol.Effect) error, e *protocol.Event) error {
	e.Meta = protocol.Encoded{}
	if e.Client != 0 {
		e.Meta = w.booter.Meta(e.Environment)
	}
	e.Worker = w.PID
	timeout := w.lane.config().Timeout
	began := time.Now()
	w.setRuns(&Running{Kind: e.Kind, Client: e.Client, Since: began})
	err := w.exchange(ctx, apply, e, timeout)
	w.setRuns(nil)
	w.since = time.Now()
	e.Timing.Exchange = w.since.Sub(began)
	w.events.Add(1)
	return err
}

func (w *besideWorker) setRuns(r *Running) {
	w.pool.mu.Lock()
	defer w.pool.mu.Unlock()
	w.Runs = r
}

// command sends an event of ours, which no handler is called for. A timeout of 0 is none: then only ctx bounds it.
func (w *besideWorker) command(ctx context.Context, e *protocol.Event, timeout time.Duration) (*protocol.Done, error) {
	c := &control{event: *e, log: w.lane.config().Logger}
	c.event.Seq = controlSeq
	err := w.exchange(ctx, func(e *protocol.Effect) error { c.Apply(e); return nil }, &c.event, timeout)
	if err == nil && c.failed != nil {
		err = c.failed
	}
	return c.done, err
}

// exchange sends an event and reads its answer. An error ends the worker, and so does a failed event.
func (w *besideWorker) exchange(ctx context.Context, apply func(*protocol.Effect) error, e *protocol.Event, timeout time.Duration) error {
	var ends time.Time // zero: there is no limit
	if timeout > 0 {
		ends = time.Now().Add(timeout)
	}
	_ = w.conn.SetDeadline(ends)
	defer context.AfterFunc(ctx, func() { _ = w.conn.SetDeadline(time.Unix(1, 0)) })()
	w.recent.add(e)
	if err := w.write(e); err != nil {
		w.fail(hasEnded + err.Error())
		if ctx.Err() != nil {
			return fmt.Errorf("run event: %w", context.Cause(ctx))
		}
		return errNotBegun
	}
	last, silent, err := w.receive(ctx, apply, e, ends)
	if isLate(err) && ctx.Err() == nil {
		if w.interrupt(ctx, apply, e) {
			return nil
		}
		w.fail(eventLate)
		return errLate(timeout)
	}
	switch {
	case err == nil && last.Failed != nil:
		w.mustEnd(endedBy(last.Failed))
		return nil
	case err == nil:
		return nil
	case silent && w.look(err, nil).some: // it has not read the event
		w.fail(hasEnded + err.Error())
		return errNotBegun
	case w.wasKilled():
		w.fail(killedByOperator)
		return errKilled
	case !isLate(err):
		w.fail(hasEnded + err.Error())
		return err
	}
	w.fail(eventLate)
	return fmt.Errorf("run event: %w", context.Cause(ctx))
}

func isLate(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, protocol.ErrMalformed)
}

// interrupt has PHP end an event whose time is over, and waits shortly for the failure that says where it was. It reports whether that has
// come. Other effects come too late.
func (w *besideWorker) interrupt(ctx context.Context, apply func(*protocol.Effect) error, e *protocol.Event) bool {
	w.process.interrupt()
	ends := time.Now().Add(interruptTime)
	_ = w.conn.SetReadDeadline(ends)
	last, _, err := w.receive(ctx, func(e *protocol.Effect) error {
		if e.Failed == nil {
			return nil
		}
		return apply(e)
	}, e, ends)
	if err != nil || last.Failed == nil {
		return false
	}
	w.mustEnd(endedBy(last.Failed))
	return true
}

// mustEnd has the worker end when it is put back. The first reason counts.
func (w *besideWorker) mustEnd(reason string) {
	w.pool.mu.Lock()
	defer w.pool.mu.Unlock()
	if w.leaving == "" {
		w.leaving = reason
	}
}

// wasKilled reports whether an operator has killed the worker.
func (w *besideWorker) wasKilled() bool {
	w.pool.mu.Lock()
	defer w.pool.mu.Unlock()
	return w.leaving == killedByOperator
}

// fail is mustEnd for a worker that must not run on.
func (w *besideWorker) fail(reason string) {
	w.mustEnd(reason)
	w.kill()
	w.awaitKill()
}

// write writes an event whole, unless the process has ended.
func (w *besideWorker) write(e *protocol.Event) error {
	if w.process.hasEnded() {
		return errProcessEnded
	}
	w.buf = e.AppendTo(w.buf[:0])
	_, err := w.conn.Write(w.buf)
	if cap(w.buf) > readSize {
		w.buf = nil
	}
	return err
}

// receive passes on the effects of an event, and returns the last. silent says that there was none before an error. While effects are
// carried out, the time limit does not run.
func (w *besideWorker) receive(ctx context.Context, apply func(*protocol.Effect) error, event *protocol.Event,
	ends time.Time) (last *protocol.Effect, silent bool, err error) {
	if w.answer == nil {
		w.answer = make([]byte, maxCopied)
	}
	silent = true
	for last == nil {
		n, readErr := w.reader.Read(w.answer)
		began := time.Now()
		err := w.decoder.Feed(w.answer[:n], func(e *protocol.Effect) error {
			silent = false
			if e.Seq != event.Seq || last != nil {
				return fmt.Errorf("%w: effect of event %d, which does not run", protocol.ErrMalformed, e.Seq)
			}
			w.recent.clean(e, event)
			if e.Last() {
				last = e
			}
			return apply(e)
		})
		if took := time.Since(began); took > time.Millisecond && last == nil && ctx.Err() == nil && !ends.IsZero() {
			ends = ends.Add(took)
			_ = w.conn.SetReadDeadline(ends)
		}
		switch {
		case err != nil:
			return nil, silent, err
		case readErr != nil && last == nil:
			return nil, silent, fmt.Errorf("%w: the worker has ended: %w", protocol.ErrCutOff, readErr)
		}
	}
	return last, silent, nil
}

// check asks the worker about itself.
func (w *besideWorker) check() {
	early := w.hasNoRequest()
	done, err := w.command(context.Background(), &protocol.Event{Kind: protocol.Check}, leaveTimeout)
	if err == nil && early {
		w.goesOn()
	}
	var c protocol.Checkup
	if err == nil {
		c, err = done.Checkup()
	}
	memory := w.process.memory()
	if memory == 0 {
		memory = c.Memory
	}
	hasGrown := w.note(memory)
	switch {
	case err != nil:
		w.mustEnd(err.Error())
	case c.Leaving != "": // it goes by itself
		w.mustEnd(c.Leaving)
	case c.Changed && c.Settled:
		w.mustEnd(codeChanged)
		w.leave()
	case hasGrown:
		w.mustEnd(muchMemory)
		w.leave()
	}
}

// note also reports whether the worker is to be replaced because of that.
func (w *besideWorker) note(memory int64) (hasGrown bool) {
	limit := w.lane.config().Memory
	w.pool.mu.Lock()
	defer w.pool.mu.Unlock()
	w.Memory = memory
	return w.hasGrown(limit)
}

// leave tells the worker to end.
func (w *besideWorker) leave() {
	_, _ = w.command(context.Background(), &protocol.Event{Kind: protocol.Leave}, leaveTimeout)
}
