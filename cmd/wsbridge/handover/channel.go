package handover

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Patience bounds a call whose context has no end.
const Patience = 30 * time.Second

var (
	// ErrClosed means that the other process has closed the channel, or has ended.
	ErrClosed = errors.New("the other process has ended, or has given up")
	// ErrFiles means that not all files of a message have come.
	ErrFiles = errors.New("not all files have come")
	// ErrFormat means that the other process speaks another format.
	ErrFormat = errors.New("the other version hands over in another format")
)

// Refusal is the error of a call after the other process has called Refuse.
type Refusal struct{ Reason string }

// Error returns the reason.
func (r *Refusal) Error() string { return r.Reason }

// Channel is one side of the channel. The caller closes it.
type Channel struct {
	conn *net.UnixConn
	sent uint32 // the number of the last message
	got  uint32 // the same of the other side
}

// Pair returns both sides: ours, and the one that the new process is to inherit. The caller closes both; that of the new process once it has
// been started, or its end would not be noticed.
func Pair() (ours *Channel, theirs *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	theirs = os.NewFile(uintptr(fds[1]), "handover")
	ours, err = newChannel(os.NewFile(uintptr(fds[0]), "handover"))
	if err != nil {
		return nil, nil, errors.Join(err, theirs.Close())
	}
	return ours, theirs, nil
}

// newChannel closes f: net.FileConn works on a copy.
func newChannel(f *os.File) (*Channel, error) {
	defer f.Close()
	conn, err := net.FileConn(f)
	if err != nil {
		return nil, fmt.Errorf("open the channel: %w", err)
	}
	return &Channel{conn: conn.(*net.UnixConn)}, nil
}

// Close ends the channel. A call that runs returns an error.
func (c *Channel) Close() error { return c.conn.Close() }

// bound lets reads and writes end with ctx until stop is called.
func (c *Channel) bound(ctx context.Context) (stop func(), err error) {
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(Patience)
	}
	if err := c.conn.SetDeadline(deadline); err != nil {
		return nil, ErrClosed
	}
	interrupted := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		defer close(interrupted)
		_ = c.conn.SetDeadline(time.Unix(1, 0)) // it fails only on a closed channel
	})
	return func() {
		if !cancel() {
			<-interrupted // or else it would interrupt the next call
		}
	}, nil
}

// explain returns an error of the connection as callers know it.
func explain(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case isClosed(err):
		return ErrClosed
	case errors.Is(err, os.ErrDeadlineExceeded):
		if _, ends := ctx.Deadline(); ends { // the connection's deadline is the same, and may be noticed first
			<-ctx.Done()
			return context.Cause(ctx)
		}
		return fmt.Errorf("the other process does not answer: %w", context.DeadlineExceeded)
	}
	return err
}
