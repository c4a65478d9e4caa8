package journal

import (
	"io/fs"
	"path/filepath"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// Stats are what a journal holds and does now.
type Stats struct {
	Documents     int       // that wait
	DocumentBytes int64     // of them, with DocumentOverhead for each
	Oldest        time.Time // when the first of them was accepted; zero if none waits
	RowsBehind    int       // rows that have changed and are not written
	Begun         int       // documents whose event has begun and not ended
	Clients       int       // that are owed a close event
	DiskBytes     int64     // of all files of the journal
	Full          bool      // the disk is full
	Broken        error     // why nothing is written any more, or nil
	Commits       uint64    // writes since the journal was made; each has all that was called meanwhile
	Syncs         int64     // since Open
	LastSync      time.Time // what was written before it outlives a power cut
}

// Stats returns what the journal holds and does now. It reads the folder and, for Oldest, the store.
func (j *Journal) Stats() Stats {
	j.mu.Lock()
	s := Stats{Documents: j.waiting, DocumentBytes: j.bytes, Begun: len(j.begun), Clients: len(j.owed),
		RowsBehind: len(j.rows) + j.rowsWritten}
	j.mu.Unlock()
	s.Full, s.Broken = j.disk.ballast.isFull(), j.disk.err()
	s.Commits, s.Syncs = j.committed.Load(), j.disk.syncing.Load()
	if n := j.lastSync.Load(); n != 0 {
		s.LastSync = time.Unix(0, n)
	}
	s.Oldest, s.DiskBytes = j.oldestSince(), sizeOf(j.dir)
	return s
}

// oldestSince returns when the first document that waits was accepted.
func (j *Journal) oldestSince() time.Time {
	defer j.scan()()
	var found []Waiting
	_ = j.read(func(store *pebble.DB) (err error) { // a store that cannot be read is told by Broken
		found, err = waitingAfter(store, j.first.Load(), 1, j.isTaken)
		return err
	})
	if len(found) == 0 {
		return time.Time{}
	}
	j.first.Store(found[0].ID - 1)
	return found[0].Since
}

func sizeOf(dir string) (size int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // removed meanwhile
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			size += info.Size()
		}
		return nil
	})
	return size
}
