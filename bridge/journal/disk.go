package journal

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/sys/unix"
)

const (
	firstRetry = 10 * time.Millisecond // of a write for which the disk had no room, doubled up to lastRetry
	lastRetry  = time.Second
)

// disk is the file system as the store sees it. It never tells the store of a failed write, since the store would end the process:
//
//   - For a write that finds no room it gives up the ballast, and then tries again until there is room.
//   - After any other error it is broken: it discards all writes as if they were done, so that the files stay as they are.
//
// Files of the log (*.log) are synced by syncLog instead of when the store asks for it, unless syncs is set.
type disk struct {
	vfs.FS
	log      *slog.Logger
	ballast  *ballast
	syncs    bool // each time the store asks
	broken   chan struct{}
	breaking sync.Once
	cause    error         // set before broken is closed
	patient  atomic.Bool   // wait for room; not while the journal is opened, nor after some time in Close
	stuck    chan struct{} // closed when the store has failed in a way that it cannot be closed after
	sticking sync.Once
	dirtied  chan struct{} // has an entry if a file of the log has been written to since syncLog
	syncing  atomic.Int64  // how often files of the log have been synced

	mu   sync.Mutex
	logs map[*logFile]struct{} // open ones
}

func newDisk(fs vfs.FS, b *ballast, syncs bool, log *slog.Logger) *disk {
	return &disk{FS: fs, log: log, ballast: b, syncs: syncs, broken: make(chan struct{}), stuck: make(chan struct{}),
		dirtied: make(chan struct{}, 1), logs: map[*logFile]struct{}{}}
}

// err returns why the disk is broken, or nil.
func (d *disk) err() error {
	select {
	case <-d.broken:
		return d.cause
	default:
		return nil
	}
}

// fail breaks the disk.
func (d *disk) fail(cause error) {
	d.breaking.Do(func() {
		d.cause = fmt.Errorf("%w: %w", ErrBroken, cause)
		close(d.broken)
		d.log.Error("the journal is broken, and nothing is written to it until wsbridge restarts", "error", cause)
	})
}

// stick says that the store cannot be closed.
func (d *disk) stick() { d.sticking.Do(func() { close(d.stuck) }) }

// try runs f until it succeeds or the disk breaks, which it does if f fails for another reason than a lack of room.
func (d *disk) try(f func() error) {
	for wait := firstRetry; d.err() == nil; wait = min(2*wait, lastRetry) {
		err := f()
		switch {
		case err == nil:
			return
		case !isFull(err):
			d.fail(err)
		case !d.ballast.giveUp() && !d.awaitRetry(wait):
			d.fail(err)
		}
	}
}

// awaitRetry reports whether to try again.
func (d *disk) awaitRetry(wait time.Duration) bool {
	if !d.patient.Load() {
		return false
	}
	select {
	case <-time.After(wait):
	case <-d.broken:
	}
	return true
}

func isFull(err error) bool { return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) }

// Create creates a file. On a broken disk it is one in memory that nobody sees.
func (d *disk) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	return d.open(name, func() (vfs.File, error) { return d.FS.Create(name, category) })
}

// OpenReadWrite is like Create.
func (d *disk) OpenReadWrite(name string, category vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	return d.open(name, func() (vfs.File, error) { return d.FS.OpenReadWrite(name, category, o...) })
}

// ReuseForWrite creates a new file instead, so that no file of the log has old records after its end.
func (d *disk) ReuseForWrite(old, name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if err := d.Remove(old); err != nil {
		return nil, err
	}
	return d.Create(name, category)
}

func (d *disk) open(name string, create func() (vfs.File, error)) (f vfs.File, err error) {
	d.try(func() error {
		f, err = create()
		return err
	})
	if d.err() != nil {
		if f != nil {
			_ = f.Close()
		}
		return vfs.NewMem().Create("discarded", vfs.WriteCategoryUnspecified)
	}
	if !strings.HasSuffix(name, ".log") {
		return &file{f, d}, nil
	}
	l := &logFile{file: file{f, d}, path: name}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.logs[l] = struct{}{}
	return l, nil
}

// Remove removes a file.
func (d *disk) Remove(name string) error { return d.change(func() error { return d.FS.Remove(name) }) }

// RemoveAll removes a folder.
func (d *disk) RemoveAll(name string) error {
	return d.change(func() error { return d.FS.RemoveAll(name) })
}

// Rename renames a file.
func (d *disk) Rename(old, name string) error {
	return d.change(func() error { return d.FS.Rename(old, name) })
}

// Link gives a file a second name.
func (d *disk) Link(old, name string) error {
	return d.change(func() error { return d.FS.Link(old, name) })
}

// MkdirAll makes a folder, for its owner alone, whoever may enter the one that it is in: what is in a journal may be secret.
func (d *disk) MkdirAll(name string, perm os.FileMode) error {
	return d.change(func() error { return d.FS.MkdirAll(name, perm&0o700) })
}

// change tries f. It returns an error of f only if that says that a name does not exist, which the store expects of some.
func (d *disk) change(f func() error) (err error) {
	d.try(func() error {
		if err = f(); errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	})
	if d.err() != nil {
		return nil
	}
	return err
}

// OpenDir opens a folder to sync it.
func (d *disk) OpenDir(name string) (vfs.File, error) {
	f, err := d.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &file{f, d}, nil
}

// Unwrap returns the file system below.
func (d *disk) Unwrap() vfs.FS { return d.FS }

// checkLog returns an error if a file of the log is not at its place any more.
func (d *disk) checkLog() (err error) {
	d.mu.Lock()
	logs := slices.Collect(maps.Keys(d.logs))
	d.mu.Unlock()
	for _, l := range logs {
		err = errors.Join(err, l.check())
	}
	return err
}

func (l *logFile) check() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed { // the store removes it
		return nil
	}
	return checkPlaceOf(l.File, l.path)
}

// checkPlaceOf returns an error if an open file is not at its path any more: what is written to it is lost.
func checkPlaceOf(f vfs.File, path string) error {
	var opened, now unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &opened); err != nil {
		return fmt.Errorf("look for %s: %w", path, err)
	}
	if err := unix.Stat(path, &now); err != nil || now.Dev != opened.Dev || now.Ino != opened.Ino {
		return fmt.Errorf("the file %s was removed or replaced", path)
	}
	return nil
}

// syncLog syncs the files of the log that have been written to.
func (d *disk) syncLog() {
	d.mu.Lock()
	logs := slices.Collect(maps.Keys(d.logs))
	d.mu.Unlock()
	for _, l := range logs {
		l.sync()
	}
}

// file is a file that is written. See disk.
type file struct {
	vfs.File
	disk *disk
}

func (f *file) Write(p []byte) (int, error) {
	rest := p
	f.disk.try(func() error {
		n, err := f.File.Write(rest)
		rest = rest[n:]
		return err
	})
	return len(p), nil
}

func (f *file) Sync() error {
	f.disk.try(f.File.Sync)
	return nil
}

func (f *file) SyncData() error {
	f.disk.try(f.File.SyncData)
	return nil
}

func (f *file) SyncTo(length int64) (full bool, err error) {
	f.disk.try(func() error {
		full, err = f.File.SyncTo(length)
		return err
	})
	return full, nil
}

// logFile is a file of the store's log. Its methods Sync and so on only note that there is something to sync.
type logFile struct {
	file
	path   string
	mu     sync.Mutex // held while it is synced and closed, and guards closed
	closed bool
	dirty  atomic.Bool
}

func (l *logFile) Sync() error     { return l.note() }
func (l *logFile) SyncData() error { return l.note() }

func (l *logFile) SyncTo(int64) (bool, error) { return false, l.note() }

// Preallocate does nothing: what is set aside for a full disk is the ballast.
func (l *logFile) Preallocate(int64, int64) error { return nil }

func (l *logFile) note() error {
	again := l.dirty.Swap(true)
	if l.disk.syncs {
		l.sync()
	}
	if !again {
		signal(l.disk.dirtied)
	}
	return nil
}

func (l *logFile) sync() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dirty.Swap(false) {
		l.disk.syncing.Add(1)
		l.disk.try(l.File.SyncData)
	}
}

// Close syncs first: the store takes it for certain that all files of its log but the last are whole.
func (l *logFile) Close() error {
	l.sync()
	l.disk.mu.Lock()
	delete(l.disk.logs, l)
	l.disk.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	return l.File.Close()
}
