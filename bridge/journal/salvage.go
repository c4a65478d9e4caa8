package journal

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// ErrNotDamaged is returned by SetAside.
var ErrNotDamaged = errors.New("journal is not damaged")

// Salvage is what SetAside has done.
type Salvage struct {
	Damage    *Damaged // why the journal was refused
	Aside     string   // the folder that the damaged journal is in now
	Documents int      // that wait, and were saved
	Begun     int      // documents that have begun, and were saved
	Clients   int      // whose close events are owed, and were saved
	Globals   int      // that were saved
	Lost      []string // what could not be read, for people
}

// SetAside renames the folder of a damaged journal to its name and ".damaged-" with the time, and puts a journal in its place that has
// what could be read, in order. It deletes nothing. What was written in the damaged part is lost: a document whose begin or end was written
// there may run again. The errors are ErrNotDamaged, *InUse, *WrongFormat, or say what could not be done.
func SetAside(dir string) (*Salvage, error) {
	dir = filepath.Clean(dir)
	l, err := acquire(dir)
	if err != nil {
		return nil, err
	}
	s, err := setAside(dir, l)
	return s, errors.Join(err, l.release())
}

func setAside(dir string, l *lock) (*Salvage, error) {
	_, err := inspect(dir, l)
	damage, isDamaged := errors.AsType[*Damaged](err)
	switch {
	case err == nil:
		return nil, fmt.Errorf("%s: %w", dir, ErrNotDamaged)
	case !isDamaged:
		return nil, err
	}
	r := salvage(dir)
	s := &Salvage{Damage: damage, Lost: r.lost, Aside: dir + ".damaged-" + time.Now().UTC().Format("20060102-150405.000")}
	fresh, err := os.MkdirTemp(filepath.Dir(dir), filepath.Base(dir)+".new-")
	if err != nil {
		return nil, fmt.Errorf("make journal: %w", err)
	}
	if err := errors.Join(r.write(fresh, s), giveTo(fresh, dir)); err != nil {
		return nil, errors.Join(err, os.RemoveAll(fresh))
	}
	if err := os.Rename(dir, s.Aside); err != nil {
		return nil, errors.Join(fmt.Errorf("set journal aside: %w", err), os.RemoveAll(fresh))
	}
	if err := os.Rename(fresh, dir); err != nil {
		return s, fmt.Errorf("the damaged journal is in %s; put the new one in place: %w", s.Aside, err)
	}
	return s, syncFolder(filepath.Dir(dir))
}

// remains are the entries that could be read.
type remains struct {
	entries map[string][]byte
	lost    []string
}

func (r *remains) miss(format string, args ...any) {
	r.lost = append(r.lost, fmt.Sprintf(format, args...))
}

// salvage reads what can be read of a journal: its tables, and over them its log.
func salvage(dir string) *remains {
	r := &remains{entries: map[string][]byte{}}
	r.readTables(dir)
	r.readLogs(filepath.Join(dir, storeName))
	if has, err := readFormat(dir); err != nil || has == format { // older ones have no places
		r.readPlaces(filepath.Join(dir, begunName))
	}
	r.dropParts()
	return r
}

// readTables reads what the store has without its log.
func (r *remains) readTables(dir string) {
	store, err := openToRead(dir, withoutLogs{vfs.Default})
	if err != nil {
		r.miss("all that is not in the log: %v", err)
		return
	}
	for _, kind := range []byte{kindMark, kindBegun, kindClosing, kindClient, kindRow, kindGlobal, kindDocument, kindPayload} {
		r.readKind(store, kind)
	}
	if err := closeStore(store); err != nil {
		r.miss("%v", err)
	}
}

// readKind reads entries of a kind. After those that cannot be read it goes on, in steps that double.
func (r *remains) readKind(store *pebble.DB, kind byte) {
	next := []byte{kind}
	for {
		err := eachFrom(store, kind, next, func(key, value []byte) error {
			r.entries[string(key)] = append([]byte{}, value...)
			next = append(slices.Clone(key), 0)
			return nil
		})
		if err == nil {
			return
		}
		r.miss("entries %q after %x: %v", kind, next, err)
		if next = r.skip(store, kind, next); next == nil {
			return
		}
	}
}

// skip returns the first key after those that cannot be read, or nil. Names have no steps: what is after them is lost.
func (r *remains) skip(store *pebble.DB, kind byte, from []byte) []byte {
	if kind == kindMark || kind == kindGlobal {
		return nil
	}
	first := uint64(0)
	if len(from) > 8 {
		first = numberOf(from[:9])
	}
	for step := uint64(1); step < 1<<40; step *= 2 {
		key := numberKey(kind, first+step)
		found := false
		err := eachFrom(store, kind, key, func([]byte, []byte) error {
			found = true
			return errStop
		})
		if found {
			r.readBetween(store, kind, first, first+step)
			return key
		}
		if err == nil {
			return nil
		}
	}
	return nil
}

var errStop = errors.New("stop")

// maxBetween is how many entries are tried one by one.
const maxBetween = 1 << 20

// readBetween reads entries one by one.
func (r *remains) readBetween(store *pebble.DB, kind byte, first, end uint64) {
	for n := first + 1; n < end && n < first+maxBetween; n++ {
		key := numberKey(kind, n)
		_ = get(store, key, func(v []byte) error { // it is told already that some cannot be read
			r.entries[string(key)] = append([]byte{}, v...)
			return nil
		})
	}
}

// readLogs applies what the files of the log have, also after places that cannot be read.
func (r *remains) readLogs(store string) {
	files, err := logFiles(store)
	if err != nil {
		r.miss("%v", err)
	}
	for _, f := range files {
		if f.number == anyFileNumber {
			continue
		}
		data, err := os.ReadFile(f.path)
		if err != nil {
			r.miss("%v", err)
			continue
		}
		r.readLog(&logScan{data: data, number: f.number}, filepath.Base(f.path))
	}
}

func (r *remains) readLog(s *logScan, name string) {
	for {
		record, g := s.next()
		switch {
		case g != nil:
			if !g.atEnd {
				r.miss("%s: %s", name, g)
			}
			if !s.resume(max(g.at+1, s.at)) {
				return
			}
		case record == nil:
			return
		case !eachChange(record, r.apply):
			r.miss("%s: a record before byte %d", name, s.at)
		}
	}
}

// apply applies a change of the log.
func (r *remains) apply(kind pebble.InternalKeyKind, key, value []byte) {
	switch kind {
	case pebble.InternalKeyKindSet:
		r.entries[string(key)] = append([]byte{}, value...)
	case pebble.InternalKeyKindDelete, pebble.InternalKeyKindSingleDelete:
		delete(r.entries, string(key))
	case pebble.InternalKeyKindRangeDelete:
		maps.DeleteFunc(r.entries, func(k string, _ []byte) bool { return k >= string(key) && k < string(value) })
	}
}

// readPlaces applies what has begun in the last opening. If a place names a later one than could be read, it is that.
func (r *remains) readPlaces(path string) {
	begins, err := readPlaces(vfs.Default, path)
	if err != nil {
		r.miss("%s: %v: what had begun there may run again", begunName, err)
	}
	d := decoder{b: r.entries[string(markKeyOf(markOpening))]}
	last := d.number() // 0 if it could not be read
	for _, b := range begins {
		last = max(last, b.opening)
	}
	for _, b := range begins {
		if b.opening == last {
			r.entries[string(numberKey(b.kind, b.number))] = encodeNumbers(b.seq)
		}
	}
}

// dropParts removes documents without a payload, and the other way round. The marks are made new or kept.
func (r *remains) dropParts() {
	lost := map[uint64]struct{}{}
	for key := range r.entries {
		kind, n := key[0], numberOf([]byte(key))
		switch {
		case kind == kindDocument && !r.has(kindPayload, n), kind == kindPayload && !r.has(kindDocument, n):
			lost[n] = struct{}{}
		case kind == kindBegun && !r.has(kindDocument, n) || kind == kindRow && !r.has(kindClient, n) || kind == kindClosing && !r.has(kindClient, n):
			delete(r.entries, key)
		}
	}
	for n := range lost {
		r.miss("document %d, of which only a part can be read", n)
		for _, kind := range []byte{kindDocument, kindPayload, kindBegun} {
			delete(r.entries, string(numberKey(kind, n)))
		}
	}
	delete(r.entries, string(markKeyOf(markClean)))
	delete(r.entries, string(markKeyOf(markCommit)))
	delete(r.entries, string(markKeyOf(markOpening)))
	slices.Sort(r.lost)
}

func (r *remains) has(kind byte, n uint64) bool {
	_, ok := r.entries[string(numberKey(kind, n))]
	return ok
}

// write makes a journal of the entries, and counts them.
func (r *remains) write(dir string, s *Salvage) error {
	j, err := Open(dir, Options{})
	if err != nil {
		return err
	}
	j.mu.Lock()
	g := j.group()
	for _, key := range slices.Sorted(maps.Keys(r.entries)) {
		g.set([]byte(key), r.entries[key])
		s.count(key[0])
	}
	j.mu.Unlock()
	s.Documents -= s.Begun
	<-g.done
	return cmp.Or(g.err, j.Close())
}

func (s *Salvage) count(kind byte) {
	switch kind {
	case kindDocument:
		s.Documents++
	case kindBegun:
		s.Begun++
	case kindClient:
		s.Clients++
	case kindGlobal:
		s.Globals++
	}
}

// withoutLogs hides the files of the store's log.
type withoutLogs struct{ vfs.FS }

// List leaves out what is hidden.
func (w withoutLogs) List(dir string) ([]string, error) {
	names, err := w.FS.List(dir)
	return slices.DeleteFunc(names, func(name string) bool { return strings.HasSuffix(name, ".log") }), err
}
