package fifo

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

var errSilent = errors.New("no data in time")

// source is what a reader reads: the open pipe, or in tests a fake.
type source interface {
	// read blocks until there is data, for at most wait, or without end if wait is 0. It returns errSilent after wait, ctx's error when
	// ctx ends, io.EOF when nothing can come any more, and else errors of the operating system. writers is writerCount.next, or late if n
	// is 0.
	read(ctx context.Context, p []byte, wait time.Duration) (n, writers int, err error)
}

// pipeSource is a source over a non-blocking pipe, so that Go's poller waits for it. Its method must not be called concurrently.
type pipeSource struct {
	file  *os.File
	count *writerCount // nil: they are not counted
}

func (s pipeSource) read(ctx context.Context, p []byte, wait time.Duration) (n, writers int, err error) {
	n, err = s.readData(ctx, p, wait)
	if n == 0 {
		return 0, s.count.late(), err
	}
	return n, s.count.next(s.empty), err
}

// empty reports whether there is nothing to read.
func (s pipeSource) empty() (is bool) {
	err := withDescriptor(s.file, func(fd uintptr) error {
		left, err := unix.IoctlGetInt(int(fd), unix.TIOCINQ) // FIONREAD
		is = left == 0
		return err
	})
	return is && err == nil
}

func (s pipeSource) readData(ctx context.Context, p []byte, wait time.Duration) (int, error) {
	var deadline time.Time
	if wait > 0 {
		deadline = time.Now().Add(wait)
	}
	if err := s.file.SetReadDeadline(deadline); err != nil {
		return 0, err
	}
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = s.file.SetReadDeadline(time.Unix(1, 0)) // fails only on a closed file, whose read fails, too
		close(interrupted)
	})
	n, err := s.await(p)
	if !stop() {
		<-interrupted // or else it would interrupt the next read
	}
	switch {
	case !errors.Is(err, os.ErrDeadlineExceeded):
		return n, err
	case ctx.Err() != nil:
		return 0, ctx.Err()
	}
	// A deadline alone proves no silence: on a busy machine it may pass before the process gets to look at the pipe at all.
	err = withDescriptor(s.file, func(fd uintptr) (err error) {
		n, err = s.readNow(fd, p)
		return err
	})
	return n, err
}

// await reads as soon as there is something, until the deadline.
func (s pipeSource) await(p []byte) (n int, err error) {
	raw, err := s.file.SyscallConn()
	if err != nil {
		return 0, err
	}
	if waitErr := raw.Read(func(fd uintptr) bool {
		n, err = s.readNow(fd, p)
		return !errors.Is(err, errSilent)
	}); waitErr != nil {
		return 0, waitErr
	}
	return n, err
}

// readNow reads without waiting.
func (s pipeSource) readNow(fd uintptr, p []byte) (n int, err error) {
	s.count.look()
	for {
		if n, err = unix.Read(int(fd), p); err != unix.EINTR {
			break
		}
	}
	switch {
	case errors.Is(err, unix.EAGAIN):
		return 0, errSilent
	case err != nil:
		return 0, os.NewSyscallError("read", err)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// withDescriptor calls do with f's descriptor, which stays open until do returns.
func withDescriptor(f *os.File, do func(fd uintptr) error) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var doErr error
	if err := raw.Control(func(fd uintptr) { doErr = do(fd) }); err != nil {
		return err
	}
	return doErr
}

// A writer that fills a pipe without a reader would hang for ever, since "w+" makes it its own reader.
const (
	discardPause = 100 * time.Millisecond // lets a writer that was woken go on
	discardTime  = time.Second
	discardChunk = 64 << 10
)

// discard reads the pipe empty, so that writers blocked on it can finish, and returns how many bytes that was.
// It returns at once if there is nothing to read, and after discardTime in any case.
func discard(s source) int64 {
	ctx, cancel := context.WithTimeout(context.Background(), discardTime)
	defer cancel()
	var total int64
	buf := make([]byte, discardChunk)
	for wait := time.Duration(1); ctx.Err() == nil; wait = discardPause {
		n, _, err := s.read(ctx, buf, wait)
		if err != nil {
			break
		}
		total += int64(n)
	}
	return total
}
