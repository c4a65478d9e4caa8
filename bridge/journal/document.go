package journal

import (
	"context"
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

// Accept writes a document, and returns the id by which it is known from then on. Ids ascend in the order of the calls, also over restarts.
// The payload must not change until the journal is closed. After an error, which may be ErrFull, the document is not in the journal; if
// the process is killed right after the error of a context that has ended, it may be.
func (j *Journal) Accept(ctx context.Context, d Document) (uint64, error) {
	size := int64(len(d.Payload))
	j.mu.Lock()
	if err := j.mayAccept(size); err != nil {
		j.mu.Unlock()
		return 0, err
	}
	j.lastID++
	id, g := j.lastID, j.group()
	g.set(numberKey(kindDocument, id), encodeDocument(d))
	g.set(numberKey(kindPayload, id), d.payload())
	g.set(markKeyOf(markDocument), encodeNumbers(id))
	j.waiting++
	j.bytes += size + DocumentOverhead
	if len(j.sizes) < maxSizes {
		j.sizes[id] = size
	}
	j.mu.Unlock()
	if err := j.await(ctx, g); err != nil && j.withdraw(id, size) {
		return 0, err
	}
	return id, nil
}

// mayAccept returns why a document cannot be accepted. It is called with mu held.
func (j *Journal) mayAccept(size int64) error {
	if err := j.usable(); err != nil {
		return err
	}
	if j.disk.ballast.isFull() {
		return fmt.Errorf("%w: the disk has no room", ErrFull)
	}
	if limit := j.options.MaxBytes; limit > 0 && j.bytes+size+DocumentOverhead > limit {
		return fmt.Errorf("%w: documents that wait take %d of %d bytes, and this one takes %d", ErrFull, j.bytes, limit, size+DocumentOverhead)
	}
	return nil
}

// withdraw removes a document whose caller has stopped waiting. It returns false if the document is written and has begun meanwhile.
func (j *Journal) withdraw(id uint64, size int64) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.take(id, size) != nil {
		return false
	}
	j.drop(id)
	return true
}

// drop removes a document. It is called with mu held.
func (j *Journal) drop(id uint64) {
	if j.usable() != nil {
		return
	}
	j.taken[id] = struct{}{}
	g := j.later()
	for _, kind := range []byte{kindDocument, kindPayload, kindBegun} {
		g.drop(numberKey(kind, id))
	}
	g.ended = append(g.ended, id)
}

// Begin writes that the event of a document, which has the sequence number seq, is about to be sent to PHP. It may be called again for
// the same document. The error is ErrUnknown if there is no such document.
func (j *Journal) Begin(ctx context.Context, id, seq uint64) error {
	j.Reserve(seq)
	g, err := j.begin(id, seq)
	if err != nil {
		return err
	}
	return j.await(ctx, g)
}

func (j *Journal) begin(id, seq uint64) (*group, error) {
	size, unlock, err := j.lockDocument(id)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if _, again := j.begun[id]; !again {
		if err := j.take(id, size); err != nil {
			return nil, err
		}
		j.begun[id] = struct{}{}
	}
	g := j.group()
	g.set(numberKey(kindBegun, id), encodeNumbers(seq))
	return g, nil
}

// maxSizes bounds the documents whose sizes are in memory. Those of others are read from the store.
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
	_, begun := j.begun[id]
	if begun {
		delete(j.begun, id)
		j.drop(id)
	}
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
	j.drop(id)
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

// read lets f read the store, which is not closed meanwhile.
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
