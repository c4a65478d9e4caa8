package journal

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Options are how a journal is kept.
type Options struct {
	Sync     time.Duration // a power cut takes what was written in the last Sync; with 0, nothing that was told to be written
	MaxBytes int64         // of documents that wait, with an overhead of DocumentOverhead each, unless it is a single one; 0 is no limit
	Logger   *slog.Logger  // nil discards

	ballast int64  // bytes set aside for when the disk is full; 0 is defaultBallast
	fs      vfs.FS // nil is the file system
}

var discard = slog.New(slog.DiscardHandler)

const (
	defaultBallast = 8 << 20
	closePatience  = 5 * time.Second // for how long Close waits for room on a full disk
)

// Names in the journal's folder.
const (
	storeName   = "store"
	ballastName = "ballast"
	lockName    = "lock"
	formatName  = "format"
	begunName   = "begun"
)

// Journal is an open journal.
type Journal struct {
	folder   os.FileInfo // of dir
	dir      string
	options  Options
	log      *slog.Logger
	disk     *disk
	store    *pebble.DB
	lock     *lock
	places   *places
	syncer   sync.WaitGroup
	written  chan struct{} // closed when nothing is written any more and the store is closed
	work     chan struct{} // has an entry if there is something to write, for which somebody waits
	lateWork chan struct{} // has an entry if there is something to write
	closing  chan struct{}

	reading  sync.RWMutex // held by those who read the store, so that it is not closed meanwhile
	readable bool         // the store is open

	mu          sync.Mutex
	next        *group                   // what is to be written next; nil if nothing is
	rows        map[int64]*pendingRow    // rows to be written
	emptyRows   map[int64]*pendingRow    // nil, or for the next rows
	spare       []*pendingRow            // not in use
	globals     map[string]pendingGlobal // globals to be written
	rowsWritten int                      // rows that are being written
	owed        map[int64]int            // keys of clients that are owed a close event: where its begin is noted
	taken       map[uint64]struct{}      // documents that have begun or ended, as far as the store has them
	sizes       map[uint64]int64         // of the payloads of some documents that wait
	gone        []uint64                 // those of taken that the store has no more
	scans       int                      // that may still see them
	begun       map[uint64]int           // documents that have begun and not ended: where that is noted
	left        Left
	leftNames   map[string]struct{} // globals in left that were not set since Open
	lastID      uint64
	lastKey     int64
	waiting     int
	bytes       int64 // of documents that wait
	finished    bool
	closed      bool
	closeErr    error
	closeOnce   sync.Once

	first     atomic.Uint64 // no document up to this id waits
	reserved  atomic.Uint64 // the last sequence number that is recorded
	committed atomic.Uint64 // the number of the last commit
	synced    atomic.Uint64 // the number of the last commit that outlives a power cut
	lastSync  atomic.Int64  // Unix nanoseconds
}

// Open opens the journal of a folder, and makes it if it is missing. It reads all of it, so that damage is noticed here. The errors are
// *InUse, *Damaged, *WrongFormat, or say what could not be done. After Open, Left says what the process before has left.
func Open(dir string, o Options) (*Journal, error) {
	o.ballast = cmp.Or(o.ballast, defaultBallast)
	if o.fs == nil {
		o.fs = vfs.Default
	}
	if o.Logger == nil {
		o.Logger = discard
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make journal: %w", err)
	}
	if err := checkOwner(dir); err != nil {
		return nil, err
	}
	lock, err := acquire(dir)
	if err != nil {
		return nil, err
	}
	j, err := open(dir, o, lock)
	if err != nil {
		return nil, errors.Join(err, lock.release())
	}
	return j, nil
}

func open(dir string, o Options, l *lock) (*Journal, error) {
	has, err := prepareFormat(dir)
	if err != nil {
		return nil, err
	}
	folder, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	j := &Journal{dir: dir, folder: folder, options: o, log: o.Logger, lock: l, work: make(chan struct{}, 1), lateWork: make(chan struct{}, 1), closing: make(chan struct{}),
		rows: map[int64]*pendingRow{}, globals: map[string]pendingGlobal{}, owed: map[int64]int{},
		taken: map[uint64]struct{}{}, sizes: map[uint64]int64{}, begun: map[uint64]int{}, leftNames: map[string]struct{}{}, readable: true,
		written: make(chan struct{})}
	b := newBallast(filepath.Join(dir, ballastName), o.ballast, o.Logger)
	j.disk = newDisk(o.fs, b, o.Sync == 0, o.Logger)
	switch err := b.restore(); {
	case isFull(err):
		b.giveUp()
	case err != nil:
		return nil, fmt.Errorf("set room aside for the journal: %w", err)
	}
	logs, err := logFiles(filepath.Join(dir, storeName))
	if err != nil {
		return nil, err
	}
	if err := errors.Join(wantManifest(dir, l.used), verify(logs, l.rebooted)); err != nil {
		return nil, err
	}
	err = j.openStore(logs, has)
	if broken := j.disk.err(); broken != nil { // whatever the store has made of it
		return nil, fmt.Errorf("open journal %s: %w", dir, broken)
	}
	if err != nil {
		return nil, err
	}
	j.disk.patient.Store(true)
	go j.write()
	j.syncer.Go(j.keepSynced)
	return j, nil
}

// openStore opens the store of a format, and reads it. After that the files of the log that were there are not needed any more.
func (j *Journal) openStore(logs []logName, has int) (err error) {
	begins, err := findPlaces(j.disk.FS, filepath.Join(j.dir, begunName), j.lock.used && has == format)
	if err != nil {
		return err
	}
	j.store, err = openStore(filepath.Join(j.dir, storeName), j.disk, j.disk, false)
	if err != nil {
		return err
	}
	err = j.markOpen(begins, has)
	if err == nil {
		err = j.disk.err()
	}
	if err == nil {
		err = removeLogs(logs)
	}
	if err == nil {
		err = j.lock.write()
	}
	if err != nil {
		return errors.Join(err, closeStore(j.store), j.places.close())
	}
	return nil
}

// markOpen reads the store, and marks it as not ended in order. What has begun moves from its place to the store, as places count in one opening.
func (j *Journal) markOpen(begins []begin, has int) error {
	s, err := readStore(j.store, filepath.Join(j.dir, storeName), begins)
	if err != nil {
		return err
	}
	j.adopt(s)
	j.left.Crashed = s.crashed()
	if err := j.openPlaces(has); err != nil {
		return err
	}
	j.places.opening = s.opening + 1
	batch := j.store.NewBatch()
	_ = batch.Delete(markKeyOf(markClean), nil)
	_ = batch.Set(markKeyOf(markOpening), encodeNumbers(j.places.opening), nil)
	s.addBegins(batch)
	j.number(batch)
	if err := batch.Commit(pebble.Sync); err != nil {
		return fmt.Errorf("write to journal %s: %w", j.dir, err)
	}
	j.noteCommit()
	j.sync()
	return nil
}

// openPlaces opens the places, which older formats have not, and then says so.
func (j *Journal) openPlaces(has int) (err error) {
	if j.places, err = openPlaces(j.disk, filepath.Join(j.dir, begunName)); err != nil || has == format {
		return err
	}
	return writeFormat(j.dir)
}

// adopt takes over what was read.
func (j *Journal) adopt(s *stored) {
	j.left = s.left
	j.committed.Store(s.commit)
	j.reserved.Store(s.left.Seq)
	j.lastID, j.lastKey = s.lastID, s.left.LastKey
	j.waiting, j.bytes = s.left.Documents, s.left.DocumentBytes
	for _, c := range s.left.Clients {
		j.owed[c.Key] = nowhere
		if c.Begun {
			j.owed[c.Key] = inStore
		}
	}
	for _, b := range s.left.Begun {
		j.taken[b.ID], j.begun[b.ID] = struct{}{}, inStore
	}
	for _, f := range s.left.Globals {
		j.leftNames[f.Name] = struct{}{}
	}
}

// Finish says that the server ends in order: no event runs any more, and none will. If Close finds nothing that is owed, the next process
// starts with sequence numbers and keys from 1 on, and without globals.
func (j *Journal) Finish() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.finished = true
}

// Close writes and syncs what was called, and releases the folder. On a full disk it gives up after some seconds. It returns the error
// of the disk, if there was one.
func (j *Journal) Close() error {
	j.closeOnce.Do(func() { j.closeErr = j.close() })
	return j.closeErr
}

// IsClosed reports whether Close was called.
func (j *Journal) IsClosed() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.closed
}

func (j *Journal) close() error {
	impatient := time.AfterFunc(closePatience, func() { j.disk.patient.Store(false) })
	defer impatient.Stop()
	j.markClean()
	j.mu.Lock()
	j.closed = true
	j.mu.Unlock()
	close(j.closing)
	select {
	case <-j.written:
	case <-j.disk.stuck:
	}
	j.syncer.Wait()
	return errors.Join(j.disk.err(), j.lock.release())
}

// markClean adds the mark of an orderly end to what is written last.
func (j *Journal) markClean() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.finished || len(j.owed) > 0 || len(j.begun) > 0 || j.usable() != nil {
		return
	}
	clear(j.globals)
	g := j.group()
	g.set(markKeyOf(markClean), encodeNumbers(1))
	g.drop(markKeyOf(markKey))
	g.drop(markKeyOf(markSequence))
	g.dropGlobals = true
}

// usable returns why nothing can be written any more, or nil. It is called with mu held.
func (j *Journal) usable() error {
	if j.closed {
		return ErrClosed
	}
	return j.disk.err()
}
