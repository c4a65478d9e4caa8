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

// Run reads the pipe and calls deliver with each document, one at a time and in order, until ctx ends
// or Close is called, which are no errors. deliver may keep doc. While deliver blocks nothing is read:
// the pipe fills, and then writers wait.
//
// At its end Run still delivers what is complete: it reads on until the pipe has been silent for
// [Config.Quiet], for at most [Config.Grace]. The context given to deliver outlives ctx by that
// Grace, so a deliver that waits can finish; then it is cancelled, and a deliver that ignores it holds up
// Run and Close. A document not complete by then is reported as CutOff.
//
// An error of deliver ends Run, which returns it; what was read already is reported as Undelivered.
// Run may be called again after it has returned, and a new Run begins with a new document.
func (p *Pipe) Run(ctx context.Context, deliver func(ctx context.Context, doc []byte) error) error {
	end, err := p.begin()
	if err != nil {
		return err
	}
	defer end()
	if err := runReader(ctx, p.closing, p.source, p.config, deliver); err != nil {
		return fmt.Errorf("read pipe %q: %w", p.config.Path, err)
	}
	return nil
}

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

// runReader reads until ctx or closing ends, and drains. Its one goroutine is gone when it returns.
func runReader(ctx context.Context, closing <-chan struct{}, src source, c Config, deliver func(context.Context, []byte) error) error {
	late, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	r := &reader{source: src, config: c, buf: make([]byte, readSize), ctx: late, deliver: deliver}
	r.splitter = newSplitter(c.Limit, r.emit, c.Report)

	finished := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		select {
		case <-ctx.Done():
		case <-closing:
		case <-finished:
			return
		}
		src.interrupt()
		grace := time.NewTimer(c.Grace)
		defer grace.Stop()
		select {
		case <-grace.C:
			cancel(errGraceOver)
		case <-finished:
		}
	})
	defer src.resume()
	defer watcher.Wait()
	defer close(finished)
	return r.run()
}

// run reads until it is interrupted, drains, and accounts for what is left over.
func (r *reader) run() error {
	var err error
	for err == nil && r.err == nil {
		err = r.turn(r.wait())
	}
	if errors.Is(err, errInterrupted) {
		err = r.drain()
	}
	r.splitter.stall()
	return errors.Join(r.err, err)
}

// wait is how long the next read may take until the splitter must be told.
func (r *reader) wait() time.Duration {
	switch r.splitter.waiting() {
	case shortSilence:
		return r.config.Quiet
	case longSilence:
		return r.config.Stall
	}
	return 0
}

// turn makes one read and hands over what it completes. The wait starts here, after a deliver that
// may have blocked, so that a writer is never blamed for time the reader took.
func (r *reader) turn(wait time.Duration) error {
	n, err := r.source.read(r.buf, wait)
	r.splitter.feed(r.buf[:n])
	if errors.Is(err, errSilent) {
		r.tellSilence()
		return nil
	}
	return err
}

func (r *reader) tellSilence() {
	if r.splitter.waiting() == longSilence {
		r.splitter.stall()
		return
	}
	r.splitter.quiet()
}

// drain reads what writers have written by now, and what those of them that wait for room still write.
func (r *reader) drain() error {
	for r.ctx.Err() == nil && r.err == nil {
		n, err := r.source.read(r.buf, r.config.Quiet)
		r.splitter.feed(r.buf[:n])
		if errors.Is(err, errSilent) {
			return nil
		}
		if err != nil {
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
