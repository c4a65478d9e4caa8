package fifo

import (
	"context"
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

// Pipe is a named pipe that this process made. It keeps both ends open until Close: writers never wait
// for a reader, and the reader never meets an end of file.
type Pipe struct {
	config Config
	file   *os.File
	source source

	running sync.Mutex      // held by Run, and by Close for good
	closing context.Context // ends when Close begins
	close   func() error
}

// Create makes the pipe and opens it. A stale pipe that no process holds is removed and made anew; its data is read first, so that
// writers blocked on it can finish, and reported as Discarded. Anything else at the path is an error and stays as it is.
func Create(c Config) (*Pipe, error) {
	c, err := c.complete()
	if err != nil {
		return nil, fmt.Errorf("make pipe %q: %w", c.Path, err)
	}
	f, stale, err := makePipe(c.Path, c.Mode)
	if err != nil {
		return nil, fmt.Errorf("make pipe %q: %w", c.Path, err)
	}
	if stale > 0 {
		c.Report(Skipped{Reason: Discarded, Bytes: stale})
	}
	p := &Pipe{config: c, file: f, source: pipeSource{f}}
	closing, endRun := context.WithCancel(context.Background())
	p.closing, p.close = closing, sync.OnceValue(func() error { return p.shut(endRun) })
	return p, nil
}

// Path returns where the pipe is.
func (p *Pipe) Path() string { return p.config.Path }

// Chmod changes the pipe's permissions, for processes that open it from now on.
func (p *Pipe) Chmod(mode fs.FileMode) error {
	if p.closing.Err() != nil {
		return ErrClosed
	}
	if err := p.file.Chmod(mode.Perm()); err != nil {
		return fmt.Errorf("change pipe %q: %w", p.config.Path, err)
	}
	return nil
}

// Run reads the pipe and calls deliver with each document, one at a time and in order, until ctx ends
// or Close is called, neither of which is an error. deliver may keep doc. While deliver blocks nothing is read:
// the pipe fills, and then writers wait.
//
// At its end Run still delivers what is complete: it reads on until the pipe has been silent for
// [Config.Quiet], for at most [Config.Grace]. The context given to deliver outlives ctx by that
// Grace, so a deliver that waits can finish; then it is cancelled, and Run and Close wait for a deliver that ignores it.
// A document that is incomplete by then is reported as CutOff.
//
// An error of deliver ends Run, which returns it; what was read already is reported as Undelivered.
// Run may be called again after it has returned, and a new Run begins with a new document.
func (p *Pipe) Run(ctx context.Context, deliver func(ctx context.Context, doc []byte) error) error {
	first := p.running.TryLock()
	if first {
		defer p.running.Unlock()
	}
	switch {
	case p.closing.Err() != nil:
		return ErrClosed
	case !first:
		return ErrRunning
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(p.closing, stop)()
	if err := runReader(ctx, p.source, p.config, deliver); err != nil {
		return fmt.Errorf("read pipe %q: %w", p.config.Path, err)
	}
	return nil
}

// Close removes the pipe from the file system, unless another one has taken its place, ends Run as the
// end of its context does, waits for it, and closes the pipe. What writers that have the pipe open write
// after Run is read for up to a second and reported as Discarded, so that they do not hang.
// It must not be called from deliver or Report. Calling it again waits for the first call and returns its error.
func (p *Pipe) Close() error { return p.close() }

func (p *Pipe) shut(endRun func()) error {
	removeErr := removePipe(p.config.Path, p.file)
	endRun()
	p.running.Lock()
	if n := discard(p.source); n > 0 {
		p.config.Report(Skipped{Reason: Discarded, Bytes: n})
	}
	if err := errors.Join(removeErr, p.file.Close()); err != nil {
		return fmt.Errorf("close pipe %q: %w", p.config.Path, err)
	}
	return nil
}
