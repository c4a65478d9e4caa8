package fifo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// readSize is the default capacity of a pipe (pipe(7)): one read takes all there is.
const readSize = 64 << 10

var errGraceOver = errors.New("pipe drained for too long")

// reader is one Run.
type reader struct {
	source   source
	config   Config
	splitter *splitter
	buf      []byte

	ctx     context.Context // what deliver gets; ends when the grace is over
	deliver func(ctx context.Context, doc []byte) error
	err     error // the first error of deliver
}

// runReader reads until ctx ends, and drains. It waits for its one goroutine.
func runReader(ctx context.Context, src source, c Config, deliver func(context.Context, []byte) error) error {
	late, end := context.WithCancelCause(context.WithoutCancel(ctx))
	r := &reader{source: src, config: c, buf: make([]byte, readSize), ctx: late, deliver: deliver}
	r.splitter = newSplitter(c.Limit, r.emit, c.Report)
	ctx, stop := context.WithCancel(ctx)
	var grace sync.WaitGroup
	grace.Go(func() {
		<-ctx.Done()
		select {
		case <-time.After(c.Grace):
			end(errGraceOver)
		case <-late.Done():
		}
	})
	defer grace.Wait()
	defer end(nil)
	defer stop()
	err := r.read(ctx)
	if ctx.Err() != nil {
		err = r.drain()
	}
	r.splitter.silence()
	return errors.Join(r.err, err)
}

// read feeds the splitter until ctx ends or an error.
func (r *reader) read(ctx context.Context) error {
	for r.err == nil {
		// The wait begins here, after a deliver that may have blocked, so that it never counts time that the reader took.
		n, err := r.source.read(ctx, r.buf, r.wait())
		r.splitter.feed(r.buf[:n])
		switch {
		case errors.Is(err, errSilent):
			r.splitter.silence()
		case err != nil:
			return err
		}
	}
	return nil
}

// wait is how long to wait for data before it counts as silence, 0 for without end.
func (r *reader) wait() time.Duration {
	switch r.splitter.state {
	case idle:
		return 0
	case inJSON:
		return r.config.Stall
	}
	return r.config.Quiet
}

// drain reads what writers have written by now, and what writers blocked on a full pipe still write.
func (r *reader) drain() error {
	for r.ctx.Err() == nil && r.err == nil {
		n, err := r.source.read(r.ctx, r.buf, r.config.Quiet)
		r.splitter.feed(r.buf[:n])
		switch {
		case errors.Is(err, errSilent), r.ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		}
	}
	return nil
}

func (r *reader) emit(doc []byte) {
	if r.err == nil {
		err := r.deliver(r.ctx, doc)
		if err == nil {
			return
		}
		r.err = fmt.Errorf("deliver document: %w", err)
	}
	r.config.Report(Skipped{Reason: Undelivered, Bytes: int64(len(doc))})
}
