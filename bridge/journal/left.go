package journal

import (
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/wsbridge/wsbridge/protocol"
)

// Left is what the process before has left.
type Left struct {
	Crashed bool            // it has not ended in order
	Seq     uint64          // no higher sequence number was in use; with few exceptions, a lower one was the last
	LastKey int64           // the highest key of a client
	Begun   []Begun         // in the order of their ids
	Clients []Client        // in the order of their keys
	Globals protocol.Fields // in the order of their names

	Documents     int       // that wait
	DocumentBytes int64     // with DocumentOverhead for each
	Oldest        time.Time // when the first of them was accepted; zero if none waits
}

// Begun is a document whose event was about to be sent to PHP and has no end. Journal.Document still returns it, until End.
type Begun struct {
	Waiting
	Seq uint64 // of its event
}

// Left returns what the process before has left, as it was at Open. After an orderly end that are only documents that wait. It costs
// nothing, and its slices must not change. After Forget only the numbers are left.
func (j *Journal) Left() Left {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.left
}

// Forget says that everything which Left told of clients, documents that have begun, and globals is settled: what has not been removed
// by Settle and End is removed now, and globals that SetGlobals has not named since Open. It does not wait.
func (j *Journal) Forget() {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, c := range j.left.Clients {
		j.settle(c.Key)
	}
	for _, b := range j.left.Begun {
		j.dropBegun(b.ID)
	}
	if len(j.leftNames) > 0 && j.usable() == nil {
		g := j.later()
		for name := range j.leftNames {
			g.drop(nameKey(kindGlobal, name))
		}
		clear(j.leftNames)
	}
	j.left.Begun, j.left.Clients, j.left.Globals = nil, nil, nil
}

// GoOn says that the server goes on in this process, as after a hand-over, or in the one before: nothing of what Left tells is to be done.
func (j *Journal) GoOn() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.left = Left{}
	clear(j.leftNames)
}

// stored is all that a store has, without the payloads.
type stored struct {
	left    Left
	clean   bool
	commit  uint64
	lastID  uint64
	opening uint64

	rows    map[int64]protocol.Fields
	closing map[int64]uint64
	begun   map[uint64]uint64
}

// readStore reads all of a store in a folder, so that it notices all damage. begins are those of the journal's places.
func readStore(store pebble.Reader, dir string, begins []begin) (*stored, error) {
	s := &stored{rows: map[int64]protocol.Fields{}, closing: map[int64]uint64{}, begun: map[uint64]uint64{}}
	// Entries that others refer to come first.
	for _, part := range []struct {
		kind byte
		read func(key, value []byte) error
	}{
		{kindMark, s.readMark}, {kindRow, s.readRow}, {kindClosing, s.readClosing}, {kindBegun, s.readBegun}, {kindGlobal, s.readGlobal},
		{kindClient, s.readClient}, {kindDocument, s.readDocument}, {kindPayload, func([]byte, []byte) error { return nil }},
	} {
		if err := each(store, part.kind, part.read); err != nil {
			return nil, &Damaged{dir, fmt.Sprintf("entries %q: %v", part.kind, err)}
		}
		if part.kind == kindBegun {
			s.takeBegins(begins)
		}
	}
	return s, nil
}

// crashed reports whether the process that has written it has not ended in order.
func (s *stored) crashed() bool { return !s.clean && s.commit > 0 }

// each passes all entries of a kind. Keys and values are not to be kept.
func each(store pebble.Reader, kind byte, f func(key, value []byte) error) error {
	return eachFrom(store, kind, []byte{kind}, f)
}

// eachFrom is like each, from a key on.
func eachFrom(store pebble.Reader, kind byte, from []byte, f func(key, value []byte) error) error {
	it, err := store.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: []byte{kind + 1}})
	if err != nil {
		return err
	}
	for ok := it.First(); ok; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err == nil {
			err = f(it.Key(), value)
		}
		if err != nil {
			return errors.Join(err, it.Close())
		}
	}
	return it.Close()
}

func (s *stored) readMark(key, value []byte) error {
	d := decoder{b: value}
	n := d.number()
	switch key[1] {
	case markClean:
		s.clean = true
	case markCommit:
		s.commit = n
	case markDocument:
		s.lastID = n
	case markOpening:
		s.opening = n
	case markKey:
		s.left.LastKey = int64(n)
	case markSequence:
		s.left.Seq = n
	}
	return d.err()
}

func (s *stored) readRow(key, value []byte) error {
	d := decoder{b: append([]byte{}, value...)}
	s.rows[int64(numberOf(key))] = d.fields()
	return d.err()
}

func (s *stored) readClosing(key, value []byte) error {
	d := decoder{b: value}
	s.closing[int64(numberOf(key))] = d.number()
	return d.err()
}

func (s *stored) readBegun(key, value []byte) error {
	d := decoder{b: value}
	s.begun[numberOf(key)] = d.number()
	return d.err()
}

// takeBegins takes what places of the last opening hold. Some name what has ended since, or was never written because of a power cut.
func (s *stored) takeBegins(begins []begin) {
	for _, b := range begins {
		switch {
		case b.opening != s.opening:
		case b.kind == kindBegun:
			s.begun[b.number] = b.seq
		default:
			s.closing[int64(b.number)] = b.seq
		}
	}
}

// addBegins adds what has begun to a batch.
func (s *stored) addBegins(batch *pebble.Batch) {
	for _, b := range s.left.Begun {
		_ = batch.Set(numberKey(kindBegun, b.ID), encodeNumbers(b.Seq), nil)
	}
	for _, c := range s.left.Clients {
		if c.Begun {
			_ = batch.Set(numberKey(kindClosing, uint64(c.Key)), encodeNumbers(c.Seq), nil)
		}
	}
}

func (s *stored) readGlobal(key, value []byte) error {
	s.left.Globals = append(s.left.Globals, protocol.Field{Name: string(key[1:]), Value: append([]byte{}, value...)})
	return nil
}

func (s *stored) readClient(key, value []byte) error {
	c, err := decodeClient(int64(numberOf(key)), append([]byte{}, value...))
	c.Row = s.rows[c.Key]
	c.Seq, c.Begun = s.closing[c.Key]
	if s.left.Clients == nil {
		s.left.Clients = make([]Client, 0, len(s.rows))
	}
	s.left.Clients = append(s.left.Clients, c)
	return err
}

func (s *stored) readDocument(key, value []byte) error {
	w, err := decodeWaiting(numberOf(key), value)
	if seq, begun := s.begun[w.ID]; begun {
		s.left.Begun = append(s.left.Begun, Begun{w, seq})
		return err
	}
	if s.left.Documents == 0 {
		s.left.Oldest = w.Since
	}
	s.left.Documents++
	s.left.DocumentBytes += w.Size + DocumentOverhead
	return err
}
