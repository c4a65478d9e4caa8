package fifo

import (
	"context"
	"sync"
	"time"
)

// readers are those of one Run: one for the pipe, and one for each that was replaced or found, until its writers have left.
type readers struct {
	config  Config
	ctx     context.Context
	stop    context.CancelCauseFunc // ends ctx
	deliver func(ctx context.Context, docs [][]byte) (taken int, err error)
	release func(*stream) // closes one of which nothing can come any more
	work    sync.WaitGroup

	turn   sync.Mutex // held while documents are delivered, and for failed
	failed error      // of deliver

	mu   sync.Mutex // guards the fields below
	err  error      // of the first reader that has failed
	kept []*stream  // those that are to be read later, since the pipe is held
}

// start reads s until it ends or ctx does.
func (r *readers) start(s *stream) {
	r.work.Go(func() {
		keep, err := runReader(r.ctx, s, r.config, r.deliverInTurn)
		if !keep {
			r.release(s)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if keep {
			r.kept = append(r.kept, s)
		}
		if err == nil {
			return
		}
		if r.err == nil {
			r.err = err
		}
		r.stop(nil)
	})
}

// startLast reads what was found in place of the pipe.
func (r *readers) startLast(found taken, patience time.Duration) {
	var s source = pipeSource{file: found.file}
	if found.Fault == PlainFile {
		s = &fileSource{file: found.file, patience: patience}
	}
	r.start(&stream{source: s, file: found.file})
}

// deliverInTurn delivers the documents of one reader at a time, and none after an error.
func (r *readers) deliverInTurn(ctx context.Context, docs [][]byte) (taken int, err error) {
	r.turn.Lock()
	defer r.turn.Unlock()
	if r.failed == nil {
		taken, r.failed = r.deliver(ctx, docs)
	}
	return taken, r.failed
}

func (r *readers) wait() error {
	r.work.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}
