package bridge

import (
	"context"
	"sync"
)

// sources make the events of the server that no client and no operator causes: the loop, the pipe's reader, and
// that of documents in the journal. A hand-over ends them, and
// begins them anew if it is given up.
type sources struct {
	bridge *Bridge
	pipe   Pipe            // nil: none
	life   context.Context // of Serve; when it ends, so do they

	work   sync.WaitGroup
	stop   context.CancelCauseFunc // ends those that begin has started
	others sync.WaitGroup          // what else ends with the life of Serve
}

// begin starts them. It must not be called again before end.
func (s *sources) begin() {
	var ctx context.Context
	ctx, s.stop = context.WithCancelCause(s.life)
	s.work.Go(func() { s.bridge.loop(ctx) })
	if spool := s.bridge.spool; spool != nil {
		s.work.Go(func() { spool.run(ctx, s.bridge.spooledEvent) })
	}
	if s.pipe != nil {
		s.work.Go(func() { s.bridge.readPipe(ctx, s.pipe) })
	}
}

// end ends them, for which it tells the pipe why as the cause of its context, and blocks until they have ended.
func (s *sources) end(why error) {
	s.stop(why)
	s.work.Wait()
}

// wait blocks until everything has ended, after the life of Serve.
func (s *sources) wait() {
	s.work.Wait()
	s.others.Wait()
}
