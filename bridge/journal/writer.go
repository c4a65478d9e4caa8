package journal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// group is what is written at once.
type group struct {
	changes     []change
	dropGlobals bool
	ended       []uint64      // documents that are gone after it
	free        []int         // places that name nothing after it
	firstID     uint64        // of documents that are being accepted; 0: there are none
	lastID      uint64        // likewise
	done        chan struct{} // closed when it is written, or will not be
	err         error         // set before done is closed
}

// change sets the value of a key. A nil value removes the key, which was set once if that is so: then the store forgets both as soon as it meets them.
type change struct {
	key, value []byte
	once       bool
}

func (g *group) set(key, value []byte) { g.changes = append(g.changes, change{key: key, value: value}) }
func (g *group) drop(key []byte)       { g.changes = append(g.changes, change{key: key}) }
func (g *group) dropOnce(key []byte)   { g.changes = append(g.changes, change{key: key, once: true}) }

// group returns what is to be written next, for a caller that waits for it. It is called with mu held.
func (j *Journal) group() *group {
	g := j.later()
	signal(j.work)
	return g
}

// later returns what is to be written next, for a caller that does not wait. It is called with mu held.
func (j *Journal) later() *group {
	if j.next == nil {
		j.next = &group{done: make(chan struct{})}
	}
	signal(j.lateWork)
	return j.next
}

// await waits until a group is written.
func (j *Journal) await(ctx context.Context, g *group) error {
	select {
	case <-g.done:
		return g.err
	case <-j.disk.broken:
		return j.disk.err()
	case <-ctx.Done():
		return fmt.Errorf("wait for the journal: %w", context.Cause(ctx))
	}
}

// write writes group after group, until the journal is closed or its disk is broken. Then it closes the store.
func (j *Journal) write() {
	defer close(j.written)
	defer j.closeStore()
	defer j.abandon()
	for {
		select {
		case <-j.work:
			j.writeNext()
		case <-j.lateWork:
			j.awaitMore()
			j.writeNext()
		case <-j.disk.ballast.ended: // rows and globals have waited
			j.writeNext()
		case <-j.disk.broken:
			return
		case <-j.closing:
			j.writeLast()
			return
		}
	}
}

// patience is how long a change that nobody waits for may wait for others.
const patience = time.Millisecond

// awaitMore waits until there is something that somebody waits for.
func (j *Journal) awaitMore() {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-j.work:
	case <-j.closing:
	case <-j.disk.broken:
	}
}

// closeStore waits for readers, and closes the store.
func (j *Journal) closeStore() {
	j.reading.Lock()
	defer j.reading.Unlock()
	j.readable = false
	if err := errors.Join(closeStore(j.store), j.places.close()); err != nil {
		j.disk.fail(err)
	}
}

// abandon releases everybody who waits for what will not be written.
func (j *Journal) abandon() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if g := j.next; g != nil {
		j.next, g.err = nil, j.disk.err()
		close(g.done)
	}
}

// writeNext writes what there is to write. While the disk is full, rows and globals wait.
func (j *Journal) writeNext() { j.writePending(!j.disk.ballast.isFull()) }

// writeLast writes all of it.
func (j *Journal) writeLast() { j.writePending(true) }

func (j *Journal) writePending(all bool) {
	runtime.Gosched() // those whom the last write has released may have more
	j.mu.Lock()
	g := j.next
	j.next = nil
	var rows map[int64]*pendingRow
	var globals map[string]pendingGlobal
	if all {
		rows, globals = j.takePending()
		j.rowsWritten = len(rows)
	}
	j.mu.Unlock()
	if g == nil {
		if len(rows) == 0 && len(globals) == 0 {
			return
		}
		g = &group{done: make(chan struct{})}
	}
	g.err = j.commit(g, rows, globals)
	close(g.done)
	j.places.giveLost(g.free)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.gone = append(j.gone, g.ended...)
	j.forgetGone()
	j.rowsWritten = 0
	j.recycle(rows)
}

// commit writes a group. Rows and globals come last: rows of clients that have gone meanwhile are not among them.
func (j *Journal) commit(g *group, rows map[int64]*pendingRow, globals map[string]pendingGlobal) (err error) {
	defer func() {
		if r := recover(); r != nil {
			j.disk.fail(fmt.Errorf("the store has failed: %v", r))
			err = j.disk.err()
		}
	}()
	batch := j.store.NewBatch()
	for _, c := range g.changes { // an error is only possible in an indexed batch
		switch {
		case c.value != nil:
			_ = batch.Set(c.key, c.value, nil)
		case c.once:
			_ = batch.SingleDelete(c.key, nil)
		default:
			_ = batch.Delete(c.key, nil)
		}
	}
	addRows(batch, rows)
	addGlobals(batch, globals)
	if g.dropGlobals {
		_ = batch.DeleteRange([]byte{kindGlobal}, []byte{kindGlobal + 1}, nil)
	}
	if g.lastID > 0 {
		_ = batch.Set(markKeyOf(markDocument), encodeNumbers(g.lastID), nil)
	}
	j.number(batch)
	if err := batch.Commit(pebble.Sync); err != nil {
		j.disk.fail(err)
	}
	_ = batch.Close()
	j.noteCommit()
	return j.disk.err()
}

// number numbers a commit, and says which one before it outlives a power cut. See verify.
func (j *Journal) number(batch *pebble.Batch) {
	_ = batch.Set(markKeyOf(markCommit), encodeNumbers(j.committed.Load()+1, j.synced.Load()), nil)
}

func (j *Journal) noteCommit() {
	n := j.committed.Add(1)
	if j.options.Sync == 0 {
		j.synced.Store(n)
		j.lastSync.Store(time.Now().UnixNano())
	}
}

// restoreInterval is how often a full disk is asked whether it has room again.
const restoreInterval = time.Second

// checkInterval is how often the files are looked for that are written, if each write is synced.
const checkInterval = time.Second

// keepSynced syncs the log Options.Sync after the first write since the last time, looks whether the files are still there, and restores the
// ballast when there is room.
func (j *Journal) keepSynced() {
	room := time.NewTicker(restoreInterval)
	room.Stop()
	defer room.Stop()
	due := time.NewTimer(0)
	<-due.C
	defer due.Stop()
	isDue := false
	for {
		select {
		case <-j.disk.dirtied: // each file says so once between two syncs, and a later one does not put the sync off
			if !isDue {
				isDue = true
				due.Reset(cmp.Or(j.options.Sync, checkInterval))
			}
		case <-due.C:
			isDue = false
			j.sync()
			j.checkFiles()
		case <-j.disk.ballast.began:
			room.Reset(restoreInterval)
		case <-room.C:
			if j.disk.ballast.restore() == nil {
				room.Stop()
			}
		case <-j.closing:
			return
		case <-j.disk.broken:
			return
		}
	}
}

// checkFiles breaks the journal if its folder, or a file that is written, is not at its place any more: the next process would find nothing of what is
// written.
func (j *Journal) checkFiles() {
	now, err := os.Stat(j.dir)
	if err != nil || !os.SameFile(now, j.folder) {
		j.disk.fail(fmt.Errorf("the folder %s was removed or replaced", j.dir))
	}
	if err := errors.Join(j.disk.checkLog(), j.places.check()); err != nil {
		j.disk.fail(err)
	}
}

// sync makes all that is written outlive a power cut.
func (j *Journal) sync() {
	written, late := j.committed.Load(), j.places.beginSync()
	j.disk.syncLog()
	j.places.sync()
	j.places.endSync(late)
	j.synced.Store(written)
	j.lastSync.Store(time.Now().UnixNano())
}
