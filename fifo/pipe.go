package fifo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
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
	config Config // Mode is guarded by mu

	mu      sync.Mutex // held while something is done at the path; guards the fields below
	current *pipeFile
	lost    error         // why writers do not reach it; nil: they do
	held    *pause        // nil: it is not held
	streams []*stream     // what the last Run has left, since the pipe was held
	reading chan struct{} // closed when the Run that reads has stopped; nil: none reads
	left    bool          // by Leave

	stopReading context.CancelCauseFunc // of the Run that reads

	running sync.Mutex      // held by Run, and by Close for good
	closing context.Context // ends when Close begins
	close   func() error
}

// Create makes the pipe and opens it. A stale pipe that no process holds is removed and made anew; its data is read first, so that
// writers blocked on it can finish, and reported as Discarded. Anything else at the path is an error and stays as it is, but for a plain
// file with [Config.SetAside].
func Create(c Config) (*Pipe, error) {
	c, err := c.complete()
	if err != nil {
		return nil, fmt.Errorf("make pipe %q: %w", c.Path, err)
	}
	f, err := createFile(&c)
	if err != nil {
		return nil, fmt.Errorf("make pipe %q: %w", c.Path, err)
	}
	return newPipe(c, f), nil
}

func newPipe(c Config, f *pipeFile) *Pipe {
	p := &Pipe{config: c, current: f}
	closing, endRun := context.WithCancel(context.Background())
	p.closing, p.close = closing, sync.OnceValue(func() error { return p.shut(endRun) })
	return p
}

func createFile(c *Config) (*pipeFile, error) {
	found, f, err := putPipe(c, nil)
	for _, t := range found {
		switch {
		case t.Fault == PlainFile: // it may be years old
			c.Mended(t.Mended)
		case t.file != nil:
			if stale := discard(pipeSource{file: t.file}); stale > 0 {
				c.Report(Skipped{Reason: Discarded, Bytes: stale})
			}
		}
		if t.file != nil {
			_ = t.file.Close()
		}
	}
	return f, err
}

// Path returns where the pipe is.
func (p *Pipe) Path() string { return p.config.Path }

// Chmod changes the pipe's permissions, for processes that open it from now on.
func (p *Pipe) Chmod(mode fs.FileMode) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closing.Err() != nil {
		return ErrClosed
	}
	if err := p.current.chmod(mode.Perm()); err != nil {
		return fmt.Errorf("change pipe %q: %w", p.config.Path, err)
	}
	p.config.Mode = mode.Perm()
	return nil
}

// Lost returns why writers cannot reach the pipe, which Run has found and cannot put right, or nil.
func (p *Pipe) Lost() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lost
}

// Run reads the pipe and calls deliver with the documents that have come at the same time, in order, until ctx ends or Close is called, neither
// of which is an error. Calls of deliver do not overlap. It returns how many of them it has taken, the first ones, and if that is not all, why; it
// may keep them, but not docs itself. While deliver blocks nothing is read: the pipe fills, and then writers wait.
//
// At its end Run still delivers what is complete: it reads on until the pipe has been silent for
// [Config.Quiet], for at most [Config.Grace]. The context given to deliver outlives ctx by that
// Grace, so a deliver that waits can finish; then it is cancelled, and Run and Close wait for a deliver that ignores it.
// A document that is incomplete by then is reported as CutOff.
//
// An error of deliver ends Run, which returns it; what was read already is reported as Undelivered.
// Run may be called again after it has returned, and a new Run begins with a new document.
//
// Run looks at the path four times a second. A pipe that was removed or replaced is made anew, one whose permissions were changed gets its
// own, and [Config.Mended] is told. What was written meanwhile to a pipe in its place, or to a plain file that [Config.SetAside] removes, is
// delivered, and so is what comes from writers that still have the pipe before open. [Config.Lost] is told what cannot be put right.
func (p *Pipe) Run(ctx context.Context, deliver func(ctx context.Context, docs [][]byte) (taken int, err error)) error {
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
	for {
		r, held := p.beginReading(ctx, deliver)
		if held != nil {
			select {
			case <-held.over:
				continue
			case <-ctx.Done():
				return nil
			}
		}
		again, err := p.endReading(r)
		if err != nil {
			return fmt.Errorf("read pipe %q: %w", p.config.Path, err)
		}
		if !again {
			return nil
		}
	}
}

// Close removes the pipe from the file system, unless another one has taken its place, ends Run as the
// end of its context does, waits for it, and closes the pipe. What writers that have the pipe open write
// after Run is read for up to a second and reported as Discarded, so that they do not hang.
// It must not be called from deliver or Report. Calling it again waits for the first call and returns its error.
func (p *Pipe) Close() error { return p.close() }

func (p *Pipe) shut(endRun func()) error {
	endRun()
	var removeErr error
	p.mu.Lock()
	if !p.left {
		removeErr = removePipe(p.config.Path, p.current)
	}
	p.mu.Unlock()
	p.running.Lock()
	if n := p.discardRest(); n > 0 {
		p.config.Report(Skipped{Reason: Discarded, Bytes: n})
	}
	if err := errors.Join(removeErr, p.current.close()); err != nil {
		return fmt.Errorf("close pipe %q: %w", p.config.Path, err)
	}
	return nil
}

// discardRest closes what was held, but for the current pipe, and returns how many bytes are lost with it, and in the pipe.
func (p *Pipe) discardRest() (n int64) {
	for _, s := range p.streams {
		n += s.unread()
		p.release(s)
	}
	if p.left {
		return 0
	}
	return n + discard(p.current.source)
}
