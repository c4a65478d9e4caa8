package journal

import (
	"context"
	"fmt"
)

// Accept writes a document, and returns the id by which it is known from then on. Ids ascend in the order of the calls, also over restarts.
// The payload must not change until the journal is closed. After an error, which may be ErrFull, the document is not in the journal; if
// the process is killed right after the error of a context that has ended, it may be.
func (j *Journal) Accept(ctx context.Context, d Document) (uint64, error) {
	e, err := j.Enter(false, d)
	if err != nil {
		return 0, err
	}
	if err := e.Wait(ctx); err != nil && e.Withdraw() {
		return 0, err
	}
	return e.First, nil
}

// Entry are documents that are being written, all at once. What is entered later is not written earlier.
type Entry struct {
	First uint64 // the id of the first one; the others have those after it
	Len   int

	journal *Journal
	group   *group
	sizes   []int64
}

// Enter begins to accept documents, as Accept does, without waiting. It takes as many as there is room for, in their order; the error says why it
// takes none. With patient they are written together with what comes in the next millisecond, unless somebody waits for something, or Hurry is
// called.
func (j *Journal) Enter(patient bool, documents ...Document) (*Entry, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	e := &Entry{First: j.lastID + 1, journal: j}
	defer func() {
		if e.Len > 0 && !patient {
			signal(j.work)
		}
	}()
	for _, d := range documents {
		err := j.mayAccept(int64(len(d.Payload)))
		switch {
		case err == nil:
			j.enter(e, d)
		case e.Len == 0:
			return nil, err
		default:
			return e, nil
		}
	}
	return e, nil
}

// enter is called with mu held.
func (j *Journal) enter(e *Entry, d Document) {
	j.lastID++
	id, size := j.lastID, int64(len(d.Payload))
	e.group = j.later()
	if e.group.firstID == 0 {
		e.group.firstID = id
	}
	e.group.set(numberKey(kindDocument, id), encodeDocument(d))
	e.group.set(numberKey(kindPayload, id), d.payload())
	e.group.lastID = id
	e.Len++
	e.sizes = append(e.sizes, size)
	j.waiting++
	j.bytes += size + DocumentOverhead
	if len(j.sizes) < maxSizes {
		j.sizes[id] = size
	}
}

// mayAccept returns why a document cannot be accepted. It is called with mu held.
func (j *Journal) mayAccept(size int64) error {
	if err := j.usable(); err != nil {
		return err
	}
	if j.disk.ballast.isFull() {
		return fmt.Errorf("%w: the disk has no room", ErrFull)
	}
	if limit := j.options.MaxBytes; limit > 0 && j.waiting > 0 && j.bytes+size+DocumentOverhead > limit {
		return fmt.Errorf("%w: documents that wait take %d of %d bytes, and this one takes %d", ErrFull, j.bytes, limit, size+DocumentOverhead)
	}
	return nil
}

// Hurry says that documents up to an id are not to wait for others any longer.
func (j *Journal) Hurry(id uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.next != nil && j.next.firstID > 0 && j.next.firstID <= id {
		signal(j.work)
	}
}

// Wait blocks until the documents are written. After an error they still may be, see Withdraw.
func (e *Entry) Wait(ctx context.Context) error {
	if e.group == nil { // there are none
		return nil
	}
	return e.journal.await(ctx, e.group)
}

// Withdraw takes the documents back, none of which may have been begun by now. It reports false if one has, with which it stays in the journal.
func (e *Entry) Withdraw() bool {
	j := e.journal
	j.mu.Lock()
	defer j.mu.Unlock()
	all := true
	for i, size := range e.sizes {
		id := e.First + uint64(i)
		if j.take(id, size) != nil {
			all = false
			continue
		}
		j.drop(id, nowhere)
	}
	return all
}
