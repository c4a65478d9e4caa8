package fifo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
)

var (
	// ErrNotPipe is why Create refuses a path that is something else.
	ErrNotPipe = errors.New("fifo: path is not a named pipe")
	// ErrInUse is why Create refuses a pipe that another process of this program holds.
	ErrInUse = errors.New("fifo: pipe is in use by another server")
	// ErrRunning is why Run refuses to run twice at a time.
	ErrRunning = errors.New("fifo: pipe is being read already")
	// ErrClosed is why Run refuses a closed pipe.
	ErrClosed = errors.New("fifo: pipe is closed")
)

// Pipe is a named pipe that this process made. Both its ends are open until Close: writers never wait
// for a reader, and the reader never meets an end of file.
type Pipe struct {
	config Config
	file   *os.File
	source source

	closing  chan struct{} // closed when Close begins
	closed   chan struct{} // closed when Close is done
	closeErr error         // set before closed is closed

	// mu guards the fields below.
	mu      sync.Mutex
	ending  bool          // Close was called
	running chan struct{} // closed when the present or last Run is done; nil before the first
	active  bool          // a Run is under way
}

// Create makes the pipe and opens it. A pipe that nobody holds, left behind by an earlier process, is
// removed and made anew; what is in it is read first, so that writers blocked on it can finish, and reported
// as Discarded. Anything else at the path is an error and stays as it is.
func Create(c Config) (*Pipe, error) {
	c, err := c.complete()
	if err != nil {
		return nil, fmt.Errorf("make pipe %q: %w", c.Path, err)
	}
	f, stale, err := makeOwn(c.Path, c.Mode)
	if err != nil {
		return nil, fmt.Errorf("make pipe %q: %w", c.Path, err)
	}
	src, err := newPipeSource(f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make pipe %q: %w", c.Path, err), removeOwn(c.Path, f), f.Close())
	}
	if stale > 0 {
		c.Report(Skipped{Reason: Discarded, Bytes: stale})
	}
	return &Pipe{config: c, file: f, source: src, closing: make(chan struct{}), closed: make(chan struct{})}, nil
}

// Path returns where the pipe is.
func (p *Pipe) Path() string { return p.config.Path }

// Chmod gives the pipe other permissions, for those who open it from now on.
func (p *Pipe) Chmod(mode fs.FileMode) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ending {
		return ErrClosed
	}
	if err := p.file.Chmod(mode.Perm()); err != nil {
		return fmt.Errorf("change pipe %q: %w", p.config.Path, err)
	}
	return nil
}

// Close removes the pipe from the file system, unless another one has taken its place, ends Run as the
// end of its context does, waits for it, and closes the pipe. What writers that have the pipe open write
// after Run is read for up to a second and reported as Discarded, so that they do not hang.
// It must not be called from deliver or Report. Calling it again waits for the first call and returns its error.
func (p *Pipe) Close() error {
	p.mu.Lock()
	again, running := p.ending, p.running
	p.ending = true
	p.mu.Unlock()
	if again {
		<-p.closed
		return p.closeErr
	}
	defer close(p.closed)
	removeErr := removeOwn(p.config.Path, p.file)
	close(p.closing)
	if running != nil {
		<-running
	}
	if n := discard(p.source); n > 0 {
		p.config.Report(Skipped{Reason: Discarded, Bytes: n})
	}
	if err := errors.Join(removeErr, p.file.Close()); err != nil {
		p.closeErr = fmt.Errorf("close pipe %q: %w", p.config.Path, err)
	}
	return p.closeErr
}

// begin marks a Run as under way and returns what marks its end.
func (p *Pipe) begin() (end func(), err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.ending:
		return nil, ErrClosed
	case p.active:
		return nil, ErrRunning
	}
	done := make(chan struct{})
	p.active, p.running = true, done
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.active = false
		close(done)
	}, nil
}
