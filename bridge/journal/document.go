package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// Document is something that was accepted and will be handed to PHP.
type Document struct {
	Source  string // where it came from, such as "pipe" or "control"
	Payload []byte
	Since   time.Time // when it was accepted
}

// DocumentOverhead is how many bytes a document that waits counts for in addition to its payload.
const DocumentOverhead = 64

// Waiting is a document that waits.
type Waiting struct {
	ID     uint64
	Size   int64 // of its payload
	Source string
	Since  time.Time
}

// drop removes a document whose begin is noted at a place, or nowhere. It is called with mu held.
func (j *Journal) drop(id uint64, place int) {
	if j.usable() != nil {
		return
	}
	j.taken[id] = struct{}{}
	g := j.later()
	g.dropOnce(numberKey(kindDocument, id))
	g.dropOnce(numberKey(kindPayload, id))
	g.unbegin(kindBegun, id, place)
	g.ended = append(g.ended, id)
}

// dropBegun removes a document that has begun. It reports false if it has not. It is called with mu held.
func (j *Journal) dropBegun(id uint64) bool {
	place, begun := j.begun[id]
	if begun {
		delete(j.begun, id)
		j.drop(id, place)
	}
	return begun
}

// maxSizes bounds the documents whose sizes are in memory since they were accepted, and half of those that are. Others are read from the store.
const maxSizes = 4096

// lockDocument locks mu, and returns the size of a document that the store has or is about to.
func (j *Journal) lockDocument(id uint64) (size int64, unlock func(), err error) {
	j.mu.Lock()
	if size, waits := j.sizes[id]; waits && j.usable() == nil {
		return size, j.mu.Unlock, nil
	}
	j.mu.Unlock()
	release := j.scan()
	size, err = j.size(id)
	if err != nil {
		release()
		return 0, nil, err
	}
	j.mu.Lock()
	unlock = func() {
		j.mu.Unlock()
		release()
	}
	if err := j.usable(); err != nil {
		unlock()
		return 0, nil, err
	}
	return size, unlock, nil
}

// take says that a document waits no more. It is called with mu held.
func (j *Journal) take(id uint64, size int64) error {
	if _, taken := j.taken[id]; taken {
		return fmt.Errorf("document %d: %w", id, ErrUnknown)
	}
	j.taken[id] = struct{}{}
	delete(j.sizes, id)
	j.waiting--
	j.bytes -= size + DocumentOverhead
	return nil
}

// End says that the event of a document has ended, or will not run: the document is removed. It does not wait.
func (j *Journal) End(id uint64) {
	j.mu.Lock()
	begun := j.dropBegun(id)
	j.mu.Unlock()
	if !begun {
		_ = j.Discard(id) // it is gone, or the journal is broken
	}
}

// Discard removes a document that waits, and whose event will not run. The error is ErrUnknown if it does not wait.
func (j *Journal) Discard(id uint64) error {
	size, unlock, err := j.lockDocument(id)
	if err != nil {
		return err
	}
	defer unlock()
	if err := j.take(id, size); err != nil {
		return err
	}
	j.drop(id, nowhere)
	return nil
}

// Document returns a document that waits or has begun. The error is ErrUnknown if there is none.
func (j *Journal) Document(id uint64) (Document, error) {
	var d Document
	err := j.read(func(store *pebble.DB) (err error) {
		d, err = readDocument(store, id)
		return err
	})
	if err != nil {
		return Document{}, fmt.Errorf("document %d: %w", id, err)
	}
	return d, nil
}

// Waiting returns up to n documents that wait, with ids above after, in ascending order.
func (j *Journal) Waiting(after uint64, n int) ([]Waiting, error) {
	defer j.scan()()
	var found []Waiting
	err := j.read(func(store *pebble.DB) (err error) {
		found, err = waitingAfter(store, after, n, j.isTaken)
		return err
	})
	return found, err
}

// Documents returns up to n documents that wait, with ids above after and below before, in ascending order, and their ids. It returns fewer after
// size bytes of payloads.
func (j *Journal) Documents(after, before uint64, n int, size int64) (found []Document, ids []uint64, err error) {
	defer j.scan()()
	err = j.read(func(store *pebble.DB) (err error) {
		found, ids, err = documentsAfter(store, after, before, n, size, j.isTaken)
		return err
	})
	j.noteSizes(found, ids)
	return found, ids, err
}

// noteSizes keeps the sizes of documents that are about to begin, so that Begin need not read them.
func (j *Journal) noteSizes(found []Document, ids []uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i, id := range ids {
		if _, taken := j.taken[id]; !taken && len(j.sizes) < 2*maxSizes {
			j.sizes[id] = int64(len(found[i].Payload))
		}
	}
}

// scan says that the store is read, so that what it has now and may lose meanwhile is kept in taken until the returned function is called.
func (j *Journal) scan() (done func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.scans++
	return func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.scans--
		j.forgetGone()
	}
}

// forgetGone removes from taken what nobody can see any more. It is called with mu held.
func (j *Journal) forgetGone() {
	if j.scans > 0 {
		return
	}
	for _, id := range j.gone {
		delete(j.taken, id)
	}
	j.gone = j.gone[:0]
}

// isTaken reports whether a document that the store has does not wait.
func (j *Journal) isTaken(id uint64) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	_, taken := j.taken[id]
	return taken
}

// size returns the size of a document's payload.
func (j *Journal) size(id uint64) (size int64, err error) {
	err = j.read(func(store *pebble.DB) error {
		return get(store, numberKey(kindDocument, id), func(v []byte) error {
			w, err := decodeWaiting(id, v)
			size = w.Size
			return err
		})
	})
	if err != nil {
		return 0, fmt.Errorf("document %d: %w", id, err)
	}
	return size, nil
}

// read lets f use the files, which are not closed meanwhile.
func (j *Journal) read(f func(*pebble.DB) error) error {
	j.reading.RLock()
	defer j.reading.RUnlock()
	if err := j.disk.err(); err != nil {
		return err
	}
	if !j.readable {
		return ErrClosed
	}
	return f(j.store)
}

// get passes the value of a key. The value is not to be kept.
func get(store pebble.Reader, key []byte, f func([]byte) error) error {
	value, closer, err := store.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return ErrUnknown
	}
	if err != nil {
		return err
	}
	return errors.Join(f(value), closer.Close())
}

func readDocument(store pebble.Reader, id uint64) (d Document, err error) {
	err = get(store, numberKey(kindDocument, id), func(v []byte) error {
		w, err := decodeWaiting(id, v)
		d.Source, d.Since = w.Source, w.Since
		return err
	})
	if err != nil {
		return Document{}, err
	}
	err = get(store, numberKey(kindPayload, id), func(v []byte) error {
		d.Payload = append([]byte{}, v...)
		return nil
	})
	return d, err
}

func waitingAfter(store pebble.Reader, after uint64, n int, taken func(uint64) bool) (found []Waiting, err error) {
	it, err := store.NewIter(&pebble.IterOptions{LowerBound: numberKey(kindDocument, after+1), UpperBound: []byte{kindDocument + 1}})
	if err != nil {
		return nil, err
	}
	for ok := it.First(); ok && len(found) < n; ok = it.Next() {
		id := numberOf(it.Key())
		if taken(id) {
			continue
		}
		w, err := decodeWaiting(id, it.Value())
		if err != nil {
			return nil, errors.Join(err, it.Close())
		}
		found = append(found, w)
	}
	return found, it.Close()
}

func documentsAfter(store pebble.Reader, after, before uint64, n int, size int64, taken func(uint64) bool) (found []Document, ids []uint64, err error) {
	waiting, err := waitingAfter(store, after, n, taken)
	if err != nil || len(waiting) == 0 || waiting[0].ID >= before {
		return nil, nil, err
	}
	last := min(waiting[len(waiting)-1].ID, before-1)
	it, err := store.NewIter(&pebble.IterOptions{LowerBound: numberKey(kindPayload, waiting[0].ID), UpperBound: numberKey(kindPayload, last+1)})
	if err != nil {
		return nil, nil, err
	}
	for ok := it.First(); ok && size > 0; ok = it.Next() {
		id := numberOf(it.Key())
		for len(waiting) > 0 && waiting[0].ID < id {
			waiting = waiting[1:]
		}
		if len(waiting) == 0 {
			break
		}
		if waiting[0].ID != id {
			continue // it has begun
		}
		payload, err := it.ValueAndErr()
		if err != nil {
			return nil, nil, errors.Join(err, it.Close())
		}
		found, ids = append(found, Document{waiting[0].Source, append([]byte{}, payload...), waiting[0].Since}), append(ids, id)
		size -= int64(len(payload))
	}
	return found, ids, it.Close()
}

// payload returns a value that is not nil.
func (d Document) payload() []byte {
	if d.Payload == nil {
		return []byte{}
	}
	return d.Payload
}

func encodeDocument(d Document) []byte {
	return binary.AppendUvarint(appendBytes(appendTime(nil, d.Since), d.Source), uint64(len(d.Payload)))
}

func decodeWaiting(id uint64, v []byte) (Waiting, error) {
	d := decoder{b: v}
	w := Waiting{ID: id, Since: d.time(), Source: string(d.bytes()), Size: int64(d.number())}
	return w, d.err()
}
