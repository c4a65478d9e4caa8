package journal

import (
	"errors"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// maxInspected is how many documents that wait Inspect names.
const maxInspected = 1000

// Contents are what a journal holds that no process has open.
type Contents struct {
	Left                // what the next process will be told
	Waiting   []Waiting // the first 1000 documents that wait
	DiskBytes int64
}

// Inspect reads the journal of a folder, and changes nothing. Its errors are those of Open, and fs.ErrNotExist if there is none.
func Inspect(dir string) (*Contents, error) {
	lock, err := acquireExisting(dir)
	if err != nil {
		return nil, err
	}
	contents, err := inspect(dir, lock)
	return contents, errors.Join(err, lock.release())
}

// acquireExisting locks a folder that has a journal of a known format.
func acquireExisting(dir string) (*lock, error) {
	if _, err := readFormat(dir); err != nil {
		return nil, err
	}
	return acquire(dir)
}

func inspect(dir string, l *lock) (*Contents, error) {
	logs, err := logFiles(filepath.Join(dir, storeName))
	if err != nil {
		return nil, err
	}
	if err := errors.Join(wantManifest(dir, l.used), verify(logs, l.rebooted)); err != nil {
		return nil, err
	}
	has, err := readFormat(dir)
	if err != nil {
		return nil, err
	}
	begins, err := findPlaces(vfs.Default, filepath.Join(dir, begunName), l.used && has == format)
	if err != nil {
		return nil, err
	}
	store, err := openToRead(dir, vfs.Default)
	if err != nil {
		return nil, err
	}
	contents, err := contentsOf(store, dir, begins)
	return contents, errors.Join(err, closeStore(store))
}

// openToRead opens the store of a journal's folder without changing it.
func openToRead(dir string, fs vfs.FS) (*pebble.DB, error) {
	return openStore(filepath.Join(dir, storeName), fs, newDisk(fs, nil, false, discard), true)
}

func contentsOf(store *pebble.DB, dir string, begins []begin) (*Contents, error) {
	s, err := readStore(store, filepath.Join(dir, storeName), begins)
	if err != nil {
		return nil, err
	}
	s.left.Crashed = s.crashed()
	waiting, err := waitingAfter(store, 0, maxInspected, func(id uint64) bool {
		_, begun := s.begun[id]
		return begun
	})
	return &Contents{Left: s.left, Waiting: waiting, DiskBytes: sizeOf(dir)}, err
}
