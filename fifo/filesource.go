package fifo

import (
	"context"
	"errors"
	"io"
	"os"
	"time"
)

// filePoll is how often a plain file is looked at that a writer may still have open.
const filePoll = 10 * time.Millisecond

// fileSource is a source over a plain file that somebody has written in place of the pipe. It ends when nothing has come for patience. "w+"
// empties a file, so what is in it is one writer's.
type fileSource struct {
	file     *os.File
	patience time.Duration
	any      bool // something was read
}

func (s *fileSource) read(ctx context.Context, p []byte, wait time.Duration) (n, writers int, err error) {
	tick := time.NewTicker(filePoll)
	defer tick.Stop()
	for since := time.Now(); ; {
		n, err := s.file.Read(p)
		switch waited := time.Since(since); {
		case n > 0:
			if !s.any {
				writers = 1
			}
			s.any = true
			return n, writers, nil
		case err != nil && !errors.Is(err, io.EOF):
			return 0, 0, err
		case waited >= s.patience:
			return 0, 0, io.EOF
		case wait > 0 && waited >= wait:
			return 0, 0, errSilent
		}
		select {
		case <-ctx.Done():
			return 0, 0, ctx.Err()
		case <-tick.C:
		}
	}
}
