package journal

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/batchrepr"
)

// verify returns *Damaged if a file of the store's log, or its manifest, cannot be read although it was whole. The store itself takes
// every place that it cannot read for the end of the file, and would silently start with less.
//
// A kill cuts a file off, and nothing else. So without a start of the machine, any other place that cannot be read is damage. A power cut
// may also take parts from what was not synced yet: there, damage is what a later record says to have been synced before.
func verify(files []logName, rebooted bool) error {
	for _, f := range files {
		data, err := os.ReadFile(f.path)
		if err != nil {
			return fmt.Errorf("read journal: %w", err)
		}
		if what := verifyFile(&logScan{data: data, number: f.number}, rebooted); what != "" {
			return &Damaged{f.path, what}
		}
	}
	return nil
}

// wantManifest returns *Damaged if the name of the store's manifest is missing. The store itself would start empty.
func wantManifest(dir string, used bool) error {
	store := filepath.Join(dir, storeName)
	names, err := filepath.Glob(filepath.Join(store, "marker.manifest.*"))
	if err != nil || !used || len(names) > 0 {
		return err
	}
	return &Damaged{store, "the file that names the manifest is missing"}
}

// verifyFile returns what is damaged, or "".
func verifyFile(s *logScan, rebooted bool) string {
	var last commitMark
	for {
		record, g := s.next()
		switch {
		case g != nil:
			return judge(s, g, last, rebooted)
		case record == nil:
			return ""
		}
		mark, ok := s.commitMark(record)
		if !ok {
			continue
		}
		if last.number != 0 && mark.number != last.number+1 {
			return fmt.Sprintf("commit %d is followed by %d, before byte %d", last.number, mark.number, s.at)
		}
		last = mark
	}
}

// judge returns what is damaged if a file cannot be read at a gap, or "".
func judge(s *logScan, g *gap, last commitMark, rebooted bool) string {
	if !rebooted && !g.atEnd {
		return g.String()
	}
	missing := last.number + 1 // a commit that is in the gap
	for at := g.at + 1; s.resume(at); at = max(s.at, at+1) {
		record, _ := s.next()
		if s.number == anyFileNumber || !rebooted {
			return g.String() + ", and there are records after it"
		}
		mark, ok := s.commitMark(record)
		if !ok {
			continue
		}
		if last.number == 0 && missing == 1 { // the gap is at the beginning of the file
			missing = mark.number - 1
		}
		if mark.synced >= missing {
			return fmt.Sprintf("%s, although commit %d, which stands there, was synced", g, missing)
		}
	}
	return ""
}

// commitMark is the entry with which each commit is numbered.
type commitMark struct{ number, synced uint64 }

// commitMark returns the mark of a record, if it is one of the log.
func (s *logScan) commitMark(record []byte) (m commitMark, ok bool) {
	if s.number == anyFileNumber {
		return commitMark{}, false
	}
	eachChange(record, func(kind pebble.InternalKeyKind, key, value []byte) {
		if kind == pebble.InternalKeyKindSet && string(key) == string(markKeyOf(markCommit)) {
			d := decoder{b: value}
			m, ok = commitMark{d.number(), d.number()}, true
		}
	})
	return m, ok
}

// eachChange passes what a record of the log changes, and returns whether all of it could be read.
func eachChange(record []byte, f func(kind pebble.InternalKeyKind, key, value []byte)) (all bool) {
	defer func() {
		if recover() != nil { // the library expects that a record is whole
			all = false
		}
	}()
	for r := batchrepr.Read(record); ; {
		kind, key, value, ok, err := r.Next()
		if !ok {
			return err == nil
		}
		f(kind, key, value)
	}
}

// logName is the name of a file that verify reads.
type logName struct {
	path   string
	number uint32 // anyFileNumber for a manifest
}

// logFiles returns the manifests and the files of the log in a store's folder, the oldest first.
func logFiles(store string) (files []logName, err error) {
	entries, err := os.ReadDir(store)
	if err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	for _, e := range entries {
		path := filepath.Join(store, e.Name())
		if strings.HasPrefix(e.Name(), "MANIFEST-") {
			files = append(files, logName{path, anyFileNumber})
		}
		digits, isLog := strings.CutSuffix(e.Name(), ".log")
		if number, err := strconv.ParseUint(digits, 10, 32); isLog && err == nil {
			files = append(files, logName{path, uint32(number)})
		}
	}
	slices.SortStableFunc(files, func(a, b logName) int { return cmp.Compare(a.number, b.number) })
	return files, nil
}

// removeLogs removes files of the log, which the store has taken over. It removes them late itself: a later check could meet what a power
// cut has left of them.
func removeLogs(files []logName) error {
	for _, f := range files {
		if f.number == anyFileNumber {
			continue
		}
		if err := removeIfThere(f.path); err != nil {
			return fmt.Errorf("write to journal: %w", err)
		}
	}
	return nil
}
