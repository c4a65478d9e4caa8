package journal

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// ballast is a file that holds room on the disk. When the disk is full it is removed, so that small writes go on; until there is room
// for it again, the journal is full.
type ballast struct {
	path string
	size int64
	log  *slog.Logger

	full  atomic.Bool // changes with mu held
	mu    sync.Mutex
	since time.Time
	ended chan struct{} // has an entry after full has ended
	began chan struct{} // has an entry after full has begun
}

func newBallast(path string, size int64, log *slog.Logger) *ballast {
	return &ballast{path: path, size: size, log: log, ended: make(chan struct{}, 1), began: make(chan struct{}, 1)}
}

// isFull reports whether the disk is full.
func (b *ballast) isFull() bool { return b.full.Load() }

// giveUp removes the ballast, and reports whether there was one.
func (b *ballast) giveUp() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.full.Swap(true) {
		b.since = time.Now()
		b.log.Error("the disk of the journal is full: no document is accepted until there is room")
		signal(b.began)
	}
	return os.Remove(b.path) == nil
}

// restore makes the ballast, if it is missing and the disk has room for it, and as much again if the disk was full.
func (b *ballast) restore() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.isFull() {
		var s unix.Statfs_t
		if err := unix.Statfs(filepath.Dir(b.path), &s); err != nil {
			return err
		}
		if int64(s.Bavail)*int64(s.Bsize) < 2*b.size {
			return unix.ENOSPC
		}
	}
	if err := b.allocate(); err != nil {
		return errors.Join(err, removeIfThere(b.path))
	}
	if b.full.Swap(false) {
		b.log.Info("the disk of the journal has room again", "was full for", time.Since(b.since).Round(time.Millisecond).String())
		signal(b.ended)
	}
	return nil
}

func (b *ballast) allocate() error {
	f, err := os.OpenFile(b.path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = unix.Fallocate(int(f.Fd()), 0, 0, b.size)
	if errors.Is(err, unix.EOPNOTSUPP) {
		err = fill(f, b.size)
	}
	return errors.Join(err, f.Close())
}

// fill writes zeros, for file systems that cannot allocate.
func fill(f *os.File, size int64) error {
	zeros := make([]byte, 64<<10)
	for at := int64(0); at < size; at += int64(len(zeros)) {
		if _, err := f.WriteAt(zeros, at); err != nil {
			return err
		}
	}
	return nil
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// signal leaves an entry in a channel with room for one.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
