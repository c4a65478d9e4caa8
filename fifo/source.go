package fifo

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"time"
)

var (
	errSilent      = errors.New("no data in time")
	errInterrupted = errors.New("read interrupted")
)

// source is what a reader reads: the open pipe, or in tests a made-up one.
type source interface {
	// read waits for data for at most wait, or without end if wait is 0. Its errors are errSilent,
	// errInterrupted, and those of the operating system. There is no end of file.
	read(p []byte, wait time.Duration) (int, error)
	// interrupt makes one read, the present or the next, return errInterrupted. It does not block.
	interrupt()
	// resume takes back an interrupt that no read has returned yet.
	resume()
}

// pipeSource is a source over a pipe that is open non-blocking, so that Go's poller waits for it.
type pipeSource struct {
	file *os.File
	raw  syscall.RawConn

	// mu guards interrupted together with the file's deadline: a deadline set by an interrupt
	// must neither be overwritten by a read nor end the one after it.
	mu          sync.Mutex
	interrupted bool
}

func newPipeSource(f *os.File) (*pipeSource, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	return &pipeSource{file: f, raw: raw}, nil
}

func (s *pipeSource) interrupt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.interrupted = true
	_ = s.file.SetReadDeadline(time.Unix(1, 0)) // fails only on a closed file, whose reads fail anyway
}

func (s *pipeSource) resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.interrupted = false
}

func (s *pipeSource) read(p []byte, wait time.Duration) (int, error) {
	if err := s.arm(wait); err != nil {
		return 0, err
	}
	n, err := s.file.Read(p)
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return n, err
	}
	return s.look(p)
}

// arm sets the deadline, or consumes an interrupt.
func (s *pipeSource) arm(wait time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.interrupted {
		s.interrupted = false
		return errInterrupted
	}
	var deadline time.Time
	if wait > 0 {
		deadline = time.Now().Add(wait)
	}
	return s.file.SetReadDeadline(deadline)
}

// look reads what is there without waiting. A deadline alone proves no silence: on a busy machine it may
// pass before the process gets to look at the pipe at all.
func (s *pipeSource) look(p []byte) (n int, err error) {
	if err := s.arm(0); err != nil {
		return 0, err
	}
	rawErr := s.raw.Read(func(fd uintptr) bool {
		for {
			if n, err = syscall.Read(int(fd), p); err != syscall.EINTR {
				return true
			}
		}
	})
	switch {
	case errors.Is(rawErr, os.ErrDeadlineExceeded):
		// An interrupt came in between; arm finds it.
		return 0, s.arm(0)
	case rawErr != nil:
		return 0, rawErr
	case err == syscall.EAGAIN:
		return 0, errSilent
	case err != nil:
		return 0, os.NewSyscallError("read", err)
	}
	return n, nil
}

// Writers that fill a pipe nobody reads any more would hang for ever, since "w+" makes each its own reader.
const (
	discardPause = 100 * time.Millisecond // lets a writer that was woken write on
	discardTime  = time.Second
	discardChunk = 64 << 10
)

// discard reads the pipe empty, so that writers blocked on it can finish, and returns how much that was.
// It returns at once if there is nothing to read, and after discardTime in any case.
func discard(s source) int64 {
	var total int64
	end := time.Now().Add(discardTime)
	buf := make([]byte, discardChunk)
	for wait := time.Duration(1); time.Now().Before(end); wait = discardPause {
		n, err := s.read(buf, wait)
		if err != nil {
			break
		}
		total += int64(n)
	}
	return total
}
