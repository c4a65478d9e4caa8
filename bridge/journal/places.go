package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A place of the file begunName holds a begin: kindBegun or kindClosing, a document's id or a client's key, the sequence number of the event,
// the number of the opening in which it was written, and a checksum. It never crosses a sector, which a disk writes whole or not at all, so
// that a power cut leaves what was there before or what was written.
const (
	placeSize   = 32
	placeCount  = 1024 // of events that have begun and whose ends are not written; more go to the store
	placeSummed = placeSize - 4
)

// Where the begin of an event is noted, if not in a place.
const (
	nowhere = -1 // it has not begun
	inStore = -2
)

// begin is what a place holds.
type begin struct {
	kind    byte // kindBegun or kindClosing
	number  uint64
	seq     uint64
	opening uint64
}

// places is the file in which events are noted that are about to be sent to PHP. That takes one write(2) in the goroutine of the event, which
// PHP waits for, where the store would take three changes of goroutines. What a place holds counts until the store has lost what it names, and
// only in the opening that it was written in: so a place is used again without being emptied. What a sync may have made outlive a power cut
// stays until the log, too, is synced with that loss: a power cut would take the loss, and the event would run again.
type places struct {
	disk    *disk
	path    string
	file    vfs.File
	opening uint64

	mu     sync.Mutex // guards the fields below
	free   []int
	late   []int           // free after the next sync
	round  int             // how often a sync has begun
	rounds [placeCount]int // in which places were taken

	syncing sync.Mutex // held while it is synced, so that who finds it synced need not ask whether that has ended; guards closed
	closed  bool
	dirty   atomic.Bool // it was written to since the last sync
}

// readPlaces returns the begins in a file, which is missing or too short if it was not made to its end: then the error is an io.EOF or
// os.ErrNotExist.
func readPlaces(fs vfs.FS, path string) (found []begin, err error) {
	f, err := fs.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	data := make([]byte, placeSize*placeCount)
	if n, err := f.ReadAt(data, 0); n < len(data) {
		return nil, errors.Join(io.EOF, err)
	}
	for at := 0; at < len(data); at += placeSize {
		b, isEmpty, isWhole := decodePlace(data[at : at+placeSize])
		switch {
		case !isWhole:
			err = &Damaged{path, fmt.Sprintf("a checksum is wrong, at byte %d", at)}
		case !isEmpty:
			found = append(found, b)
		}
	}
	return found, err
}

func decodePlace(p []byte) (b begin, isEmpty, isWhole bool) {
	if [placeSize]byte(p) == [placeSize]byte{} {
		return begin{}, true, true
	}
	b = begin{p[0], binary.BigEndian.Uint64(p[1:]), binary.BigEndian.Uint64(p[9:]), binary.BigEndian.Uint64(p[17:])}
	isWhole = binary.BigEndian.Uint32(p[placeSummed:]) == crc32.Checksum(p[:placeSummed], castagnoli)
	return b, false, isWhole && (b.kind == kindBegun || b.kind == kindClosing)
}

func (b begin) encode() (p [placeSize]byte) {
	p[0] = b.kind
	binary.BigEndian.PutUint64(p[1:], b.number)
	binary.BigEndian.PutUint64(p[9:], b.seq)
	binary.BigEndian.PutUint64(p[17:], b.opening)
	binary.BigEndian.PutUint32(p[placeSummed:], crc32.Checksum(p[:placeSummed], castagnoli))
	return p
}

// findPlaces returns the begins that a journal's folder has. A file that was not made to its end is Damaged if the journal was in use with it.
func findPlaces(fs vfs.FS, path string, inUse bool) ([]begin, error) {
	found, err := readPlaces(fs, path)
	isUnmade := errors.Is(err, os.ErrNotExist) || errors.Is(err, io.EOF)
	switch {
	case isUnmade && inUse:
		return nil, &Damaged{path, "it is missing or too short"}
	case isUnmade:
		return nil, nil
	}
	return found, err
}

// openPlaces opens the file, and makes it if it is missing or too short.
func openPlaces(d *disk, path string) (*places, error) {
	p := &places{disk: d, path: path}
	for i := range placeCount {
		p.free = append(p.free, placeCount-1-i)
	}
	_, err := readPlaces(d.FS, path)
	isUnmade := errors.Is(err, os.ErrNotExist) || errors.Is(err, io.EOF)
	d.try(func() error {
		p.file, err = d.FS.OpenReadWrite(path, vfs.WriteCategoryUnspecified)
		if err != nil || !isUnmade {
			return err
		}
		_, err = p.file.WriteAt(make([]byte, placeSize*placeCount), 0)
		if err = errors.Join(err, p.file.Sync(), os.Chmod(path, 0o600)); err != nil {
			err = errors.Join(err, p.file.Close())
		}
		return err
	})
	if err := d.err(); err != nil {
		return nil, fmt.Errorf("make journal: %w", err)
	}
	return p, nil
}

// close syncs and closes the file. p may be nil.
func (p *places) close() error {
	if p == nil {
		return nil
	}
	p.sync()
	p.syncing.Lock()
	defer p.syncing.Unlock()
	p.closed = true
	return p.file.Close()
}

// check returns an error if the file is not at its place any more.
func (p *places) check() error {
	p.syncing.Lock()
	defer p.syncing.Unlock()
	if p.closed {
		return nil
	}
	return checkPlaceOf(p.file, p.path)
}

// take returns a place that is free, or inStore if there is none.
func (p *places) take() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.free) - 1
	if last < 0 {
		return inStore
	}
	place := p.free[last]
	p.free = p.free[:last]
	p.rounds[place] = p.round
	return place
}

// give says that a place is empty.
func (p *places) give(place int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, place)
}

// giveLost says that what places hold counts no more, as the store has lost what they name.
func (p *places) giveLost(all []int) {
	if len(all) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, place := range all {
		if p.disk.syncs || p.rounds[place] == p.round {
			p.free = append(p.free, place)
		} else {
			p.late = append(p.late, place)
		}
	}
}

// beginSync says that what is written is about to be synced. The places that it returns are free when that is done.
func (p *places) beginSync() (late []int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.round++
	late, p.late = p.late, nil
	return late
}

// endSync is given what beginSync has returned.
func (p *places) endSync(late []int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, late...)
}

// write blocks until a begin is written to a place.
func (p *places) write(place int, kind byte, number, seq uint64) error {
	return p.set(place, begin{kind, number, seq, p.opening}.encode())
}

// erase blocks until a place is empty.
func (p *places) erase(place int) error { return p.set(place, [placeSize]byte{}) }

func (p *places) set(place int, content [placeSize]byte) error {
	p.disk.try(func() error {
		_, err := p.file.WriteAt(content[:], int64(place)*placeSize)
		return err
	})
	again := p.dirty.Swap(true)
	switch {
	case p.disk.syncs:
		p.sync()
	case !again:
		signal(p.disk.dirtied)
	}
	return p.disk.err()
}

// sync makes what is written outlive a power cut.
func (p *places) sync() {
	p.syncing.Lock()
	defer p.syncing.Unlock()
	if !p.closed && p.dirty.Swap(false) {
		p.disk.try(p.file.SyncData)
	}
}
