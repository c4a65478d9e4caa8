package fifo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// readSize is the default capacity of a pipe (pipe(7)): one read takes all there is.
const readSize = 64 << 10

var errGraceOver = errors.New("pipe drained for too long")

// reader reads a stream for one Run.
type reader struct {
	*stream
	config Config
	buf    []byte

	run     context.Context // of the Run
	ctx     context.Context // what deliver gets; ends when the grace is over
	deliver func(ctx context.Context, docs [][]byte) (taken int, err error)
	err     error // the first error of deliver
}

// runReader reads until ctx ends, and drains, or keeps what is no document yet if the pipe is held. It waits for its one goroutine.
func runReader(ctx context.Context, s *stream, c Config, deliver func(context.Context, [][]byte) (int, error)) (keep bool, err error) {
	late, end := context.WithCancelCause(context.WithoutCancel(ctx))
	ctx, stop := context.WithCancel(ctx)
	r := &reader{stream: s, config: c, buf: make([]byte, readSize), run: ctx, ctx: late, deliver: deliver}
	s.startIntake(&c, r.emit)
	var grace sync.WaitGroup
	grace.Go(func() {
		<-ctx.Done()
		if isHeld(ctx) {
			end(errHold)
			return
		}
		select {
		case <-time.After(c.Grace):
			end(errGraceOver)
		case <-late.Done():
		}
	})
	defer grace.Wait()
	defer end(nil)
	defer stop()
	err = r.read(ctx)
	switch {
	case isHeld(ctx) && r.err == nil:
		return true, nil // if its end was read, it will be again
	case ctx.Err() != nil:
		err = r.drain()
	}
	r.intake.silence()
	r.deliverPending()
	return false, errors.Join(r.err, err)
}

// read takes what arrives until ctx ends, the source does, or an error.
func (r *reader) read(ctx context.Context) error {
	r.deliverPending()
	for r.err == nil && ctx.Err() == nil { // the source may have more at once each time, and not look at ctx
		// The wait begins here, after a deliver that may have blocked, so that it never counts time that the reader took.
		n, writers, err := r.source.read(ctx, r.buf, r.wait())
		r.intake.take(r.buf[:n], writers)
		switch {
		case errors.Is(err, errSilent):
			r.intake.silence()
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		r.deliverPending()
	}
	return nil
}

// wait is how long to wait for data before it counts as silence, 0 for without end.
func (r *reader) wait() time.Duration {
	switch state := r.intake.splitter.state; {
	case len(r.intake.text) > 0:
		return r.config.Quiet
	case state == idle:
		return 0
	case state == inJSON:
		return r.config.Stall
	}
	return r.config.Quiet
}

// drain reads what writers have written by now, and what writers blocked on a full pipe still write.
func (r *reader) drain() error {
	for r.ctx.Err() == nil && r.err == nil {
		n, writers, err := r.source.read(r.ctx, r.buf, r.config.Quiet)
		r.intake.take(r.buf[:n], writers)
		r.deliverPending()
		switch {
		case errors.Is(err, errSilent), errors.Is(err, io.EOF), r.ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		}
	}
	return nil
}

func (r *reader) emit(doc []byte) { r.pending = append(r.pending, doc) }

// deliverPending delivers what waits, unless the pipe is held. After an error nothing is delivered.
func (r *reader) deliverPending() {
	for len(r.pending) > 0 && r.err == nil && !isHeld(r.run) {
		taken, err := r.deliver(r.ctx, r.pending)
		r.pending = r.pending[taken:]
		switch {
		case err != nil && isHeld(r.run):
			return
		case err != nil:
			r.err = fmt.Errorf("deliver document: %w", err)
		}
	}
	if r.err == nil || isHeld(r.run) {
		return
	}
	for _, doc := range r.pending {
		r.config.Report(Skipped{Reason: Undelivered, Bytes: int64(len(doc))})
	}
	r.pending = nil
}
