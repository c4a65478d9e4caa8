package journal

import (
	"errors"
	"fmt"
	"path/filepath"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// storeFormat is the last one before pebble writes into each record how much of the log was synced. It takes the log for synced when
// disk has only noted that, and would refuse the files after a power cut.
const storeFormat = pebble.FormatColumnarBlocks

const (
	memTableSize = 4 << 20
	cacheSize    = 2 << 20
)

// openStore opens the store in a folder. An error that it meets in the background breaks the disk: it would try again without a pause.
func openStore(dir string, fs vfs.FS, d *disk, readOnly bool) (store *pebble.DB, err error) {
	defer func() {
		if r := recover(); r != nil {
			store, err = nil, &Damaged{dir, fmt.Sprint(r)}
		}
	}()
	cache := pebble.NewCache(cacheSize)
	defer cache.Unref()
	o := &pebble.Options{
		FS: fs, Cache: cache, FormatMajorVersion: storeFormat, ReadOnly: readOnly, ErrorIfNotExists: readOnly,
		MemTableSize: memTableSize, MemTableStopWritesThreshold: 4,
		L0CompactionThreshold: 2, LBaseMaxBytes: 16 << 20, MaxOpenFiles: 64,
		CompactionConcurrencyRange: func() (int, int) { return 1, 1 },
		Logger:                     storeLogger{d},
		EventListener: &pebble.EventListener{
			BackgroundError: d.fail,
			DataCorruption:  func(i pebble.DataCorruptionInfo) { d.fail(&Damaged{i.Path, i.Details.Error()}) },
		},
	}
	store, err = pebble.Open(dir, o)
	if err != nil {
		return nil, openError(dir, err)
	}
	return store, nil
}

// openError tells damage from a file system that does not do what it is asked.
func openError(dir string, err error) error {
	errno, isSystem := errors.AsType[syscall.Errno](err)
	if isSystem && errno != syscall.ENOENT || errors.Is(err, ErrBroken) {
		return fmt.Errorf("open journal %s: %w", filepath.Dir(dir), err)
	}
	return &Damaged{dir, err.Error()}
}

// closeStore closes the store. It returns its panic as an error: after an error of the disk, the store may find that its state is not
// what it expects.
func closeStore(store *pebble.DB) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("close the store: %v", r)
		}
	}()
	return store.Close()
}

// storeLogger prints nothing. The store calls Fatalf for what it cannot go on after, and expects that it does not return.
type storeLogger struct{ disk *disk }

func (storeLogger) Infof(string, ...any)  {}
func (storeLogger) Errorf(string, ...any) {}

func (l storeLogger) Fatalf(format string, args ...any) {
	l.disk.fail(fmt.Errorf(format, args...))
	l.disk.stick()
	select {} // the goroutine has locks of the store, which nobody may take any more
}
