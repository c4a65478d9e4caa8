package fifo

import "os"

// stream is what a reader reads, and how far it has come. It outlives the reader if the pipe is held.
type stream struct {
	source  source
	pipe    *pipeFile // that the source reads; nil: file
	file    *os.File  // that was found in place of the pipe, to be closed at the end; nil: pipe
	intake  *intake   // what was read and is no document yet; nil: nothing was read
	pending [][]byte  // documents that wait for deliver, the first of which may be with it
}

// startIntake lets what is read become documents for emit.
func (s *stream) startIntake(c *Config, emit func([]byte)) {
	if s.intake == nil {
		s.intake = &intake{splitter: new(splitter)}
	}
	s.intake.limit, s.intake.emit = c.Limit, emit
	s.intake.splitter.use(c.Limit, emit, c.Report)
}

// unread returns how many bytes were read of documents that were not delivered.
func (s *stream) unread() (n int64) {
	for _, doc := range s.pending {
		n += int64(len(doc))
	}
	if s.intake != nil {
		n += int64(len(s.intake.text) + len(s.intake.splitter.buf))
	}
	return n
}
