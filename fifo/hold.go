package fifo

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

var (
	// ErrHeld is why Hold refuses a pipe that is held.
	ErrHeld = errors.New("fifo: pipe is held already")

	errHold = errors.New("the pipe is held")
)

// pause is from a call of Hold on.
type pause struct {
	over chan struct{} // closed by Resume, and by Close
}

// Hold stops reading, between two reads, until Resume is called: writers go on until the pipe is full. Run does not return meanwhile, unless
// its context ends: then it returns at once, and the next Run goes on where this one has stopped. Hold blocks until a deliver that runs has
// returned, whose context ends, or until ctx ends, and then reading goes on. A document for which deliver returns an error then is delivered
// again.
func (p *Pipe) Hold(ctx context.Context) error {
	p.mu.Lock()
	switch {
	case p.closing.Err() != nil:
		p.mu.Unlock()
		return ErrClosed
	case p.held != nil:
		p.mu.Unlock()
		return ErrHeld
	}
	h := &pause{over: make(chan struct{})}
	p.held = h
	stopped := p.reading
	if stopped != nil {
		p.stopReading(errHold)
	}
	p.mu.Unlock()
	if stopped == nil {
		return nil
	}
	select {
	case <-stopped:
		return nil
	case <-ctx.Done():
		p.Resume()
		return fmt.Errorf("hold pipe %q: a document waits for room: %w", p.config.Path, context.Cause(ctx))
	}
}

// Resume lets reading go on where Hold has stopped it. It does nothing if the pipe is not held.
func (p *Pipe) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held != nil {
		close(p.held.over)
		p.held = nil
	}
}

// Leave closes the pipe for this process only: another one reads it, with the files of State. Nothing at the path is removed, and nothing is
// read. It is Close in every other respect.
func (p *Pipe) Leave() error {
	p.mu.Lock()
	p.left = true
	p.mu.Unlock()
	return p.Close()
}

// beginReading returns the readers of a Run, or what they have to wait for.
func (p *Pipe) beginReading(ctx context.Context, deliver func(context.Context, [][]byte) (int, error)) (*readers, *pause) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held != nil {
		return nil, p.held
	}
	ctx, stop := context.WithCancelCause(ctx)
	r := &readers{config: p.config, ctx: ctx, stop: stop, deliver: deliver, release: p.release}
	p.stopReading, p.reading = stop, make(chan struct{})
	for _, s := range p.allStreams() {
		r.start(s)
	}
	p.streams = nil
	r.work.Go(func() { p.watch(ctx, r) })
	return r, nil
}

// allStreams returns all that there is to read. It is called with mu held.
func (p *Pipe) allStreams() []*stream {
	if slices.ContainsFunc(p.streams, func(s *stream) bool { return s.pipe == p.current }) {
		return p.streams
	}
	return append(p.streams, &stream{source: p.current.source, pipe: p.current})
}

// endReading waits for the readers, and keeps what they leave. again tells that it is to be read later.
func (p *Pipe) endReading(r *readers) (again bool, err error) {
	err = r.wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.streams = r.kept
	close(p.reading)
	p.reading = nil
	return isHeld(r.ctx), err
}

// isHeld reports whether ctx has ended since the pipe is held.
func isHeld(ctx context.Context) bool { return errors.Is(context.Cause(ctx), errHold) }
