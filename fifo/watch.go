package fifo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// lookInterval is how often the path is looked at. What is written to a plain file meanwhile is lost but for the last document.
const lookInterval = 250 * time.Millisecond

// watch looks at the path until ctx ends, and puts right what is wrong there.
func (p *Pipe) watch(ctx context.Context, r *readers) {
	tick := time.NewTicker(lookInterval)
	defer tick.Stop()
	for {
		p.look(r)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look puts right what is wrong at the path. It tells of what it cannot, once.
func (p *Pipe) look(r *readers) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closing.Err() != nil {
		return
	}
	mended, err := p.mend(r)
	for _, m := range mended {
		p.config.Mended(m)
	}
	if message(err) == message(p.lost) {
		return
	}
	if p.lost = err; err != nil {
		err = fmt.Errorf("keep pipe %q: %w", p.config.Path, err)
	}
	p.config.Lost(err)
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// mend is called with mu held.
func (p *Pipe) mend(r *readers) ([]Mended, error) {
	info, err := os.Lstat(p.config.Path)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	case err != nil || !isAt(p.config.Path, p.current.reading):
		return p.makeAnew(r)
	case info.Mode().Perm() != p.current.perm:
		if err := p.current.chmod(p.config.Mode); err != nil {
			return nil, err
		}
		return []Mended{{Fault: WrongMode}}, nil
	}
	return nil, nil
}

// makeAnew puts another pipe in place of what is at the path. What was written meanwhile to that is delivered, and so is what comes from
// writers that still have the pipe before open.
func (p *Pipe) makeAnew(r *readers) (mended []Mended, err error) {
	found, fresh, err := putPipe(&p.config, p.current)
	for _, t := range found {
		if t.file != nil {
			r.startLast(t, p.config.Stall)
		}
		mended = append(mended, t.Mended)
	}
	if err != nil {
		return nil, err
	}
	before := p.current
	p.current = fresh
	before.retire()
	r.start(&stream{source: fresh.source, pipe: fresh})
	return mended, nil
}

// release closes what is no longer read, unless it is the current pipe.
func (p *Pipe) release(s *stream) {
	if s.pipe == nil {
		_ = s.file.Close()
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.pipe != p.current {
		_ = s.pipe.close()
	}
}
