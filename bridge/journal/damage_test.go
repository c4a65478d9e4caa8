package journal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// killed returns a copy of a journal's folder as a kill would leave it now. The store may just be removing files that it does not need.
func killed(t testing.TB, dir string) string {
	t.Helper()
	for {
		to := filepath.Join(t.TempDir(), "journal")
		err := os.CopyFS(to, os.DirFS(dir))
		if err == nil {
			return to
		}
		if !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
}

// onlyFile returns the file of a store that a pattern matches.
func onlyFile(t testing.TB, dir, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, storeName, pattern))
	if err != nil || len(found) != 1 {
		t.Fatalf("%d files %s, want 1: %v", len(found), pattern, err)
	}
	return found[0]
}

func fileSize(t testing.TB, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// flip changes a bit of a file.
func flip(t testing.TB, path string, at int64) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[at] ^= 0x10
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// wantDamaged checks that a journal is refused, with the name of the file.
func wantDamaged(t testing.TB, dir, path string) {
	t.Helper()
	j, err := Open(dir, Options{})
	if err == nil {
		_ = j.Close()
	}
	if d, ok := errors.AsType[*Damaged](err); !ok || !strings.HasPrefix(path, d.Path) {
		t.Errorf("opened a journal whose %s is damaged: %v", filepath.Base(path), err)
	}
}

// setBoot lets the journal look as if another start of the machine had written it.
func setBoot(t testing.TB, dir string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, lockName), []byte("1 another\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// acceptedUntil accepts documents, and returns their ids with the length of the log after each.
func acceptedUntil(t testing.TB, j *Journal, dir string, payloads ...string) (ids []uint64, ends []int64) {
	t.Helper()
	log := onlyFile(t, dir, "*.log")
	for _, p := range payloads {
		ids = append(ids, mustAccept(t, j, p))
		ends = append(ends, fileSize(t, log))
	}
	return ids, ends
}

// TestCutOffAtEveryByte: what is whole is there, and nothing is refused. One record fills several blocks.
func TestCutOffAtEveryByte(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{Sync: time.Hour, ballast: 4096})
	ids, ends := acceptedUntil(t, j, dir, "first", strings.Repeat("long", 20<<10), "third", "fourth")
	was := killed(t, dir)
	name := filepath.Base(onlyFile(t, was, "*.log"))
	data, err := os.ReadFile(filepath.Join(was, storeName, name))
	if err != nil {
		t.Fatal(err)
	}
	for cut := ends[0] - 1; cut <= ends[3]; cut++ {
		if cut == ends[0]+50 { // the long record, at some places
			cut = ends[0] + blockSize - 30
		}
		if cut == ends[0]+blockSize+30 {
			cut = ends[1] - 50
		}
		whole := 0
		for whole < len(ends) && ends[whole] <= cut {
			whole++
		}
		s := &logScan{data: data[:cut], number: 0}
		s.number = logNumber(t, name)
		if what := verifyFile(s, false); what != "" {
			t.Fatalf("cut off at %d: %s", cut, what)
		}
		if near(cut, ends) {
			checkCut(t, was, name, cut, ids[:whole])
		}
	}
}

// near reports whether a cut is one of those for which the store is opened, too, which takes longer.
func near(cut int64, ends []int64) bool {
	return slices.ContainsFunc(ends, func(end int64) bool { return cut >= end-1 && cut <= end+1 }) || cut%40 == 0
}

func logNumber(t testing.TB, name string) (n uint32) {
	t.Helper()
	if _, err := fmt.Sscanf(name, "%d.log", &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func checkCut(t *testing.T, was, name string, cut int64, ids []uint64) {
	t.Helper()
	dir := killed(t, was)
	if err := os.Truncate(filepath.Join(dir, storeName, name), cut); err != nil {
		t.Fatal(err)
	}
	j, err := Open(dir, Options{Sync: time.Hour, ballast: 4096})
	if err != nil {
		t.Fatalf("cut off at %d: %v", cut, err)
	}
	if found := waitingIDs(t, j); !slices.Equal(found, ids) {
		t.Errorf("cut off at %d: documents %v wait, want %v", cut, found, ids)
	}
	mustClose(t, j)
}

// TestEveryFlippedByteOfTheLog: none is taken for the end.
func TestEveryFlippedByteOfTheLog(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{Sync: time.Hour})
	acceptedUntil(t, j, dir, "first", "second", strings.Repeat("long", 10<<10), "fourth")
	path := onlyFile(t, dir, "*.log")
	number := logNumber(t, filepath.Base(path))
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := range data {
		if at > 1000 && at < len(data)-1000 && at%101 != 0 {
			continue
		}
		for _, bit := range []byte{0x01, 0x80} {
			damaged := bytes.Clone(data)
			damaged[at] ^= bit
			if verifyFile(&logScan{data: damaged, number: number}, false) == "" {
				t.Errorf("byte %d of %d is flipped by %#x, and that is not noticed", at, len(data), bit)
			}
		}
	}
	was := killed(t, dir)
	for _, at := range []int64{20, int64(len(data)) / 2, int64(len(data)) - 20} {
		dir := killed(t, was)
		path := onlyFile(t, dir, "*.log")
		flip(t, path, at)
		wantDamaged(t, dir, path)
	}
}

func TestFlippedByteOfTheManifest(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{})
	mustAccept(t, j, "first")
	mustClose(t, j)
	path := onlyFile(t, dir, "MANIFEST-*")
	for at := range fileSize(t, path) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		data[at] ^= 0x10
		if verifyFile(&logScan{data: data}, false) == "" {
			t.Errorf("byte %d of %d is flipped, and that is not noticed", at, len(data))
		}
	}
	flip(t, path, 10)
	wantDamaged(t, dir, path)
}

// TestFlippedByteOfATable: a table is read as a whole.
func TestFlippedByteOfATable(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{})
	for range 200 {
		mustAccept(t, j, strings.Repeat("payload", 100))
	}
	mustClose(t, j)
	j = mustOpen(t, dir, Options{}) // the log becomes a table
	mustClose(t, j)
	tables, err := filepath.Glob(filepath.Join(dir, storeName, "*.sst"))
	if err != nil || len(tables) == 0 {
		t.Fatal("no table was made", err)
	}
	size := fileSize(t, tables[0])
	for _, at := range []int64{10, size / 3, size / 2, 2 * size / 3} {
		dir := killed(t, dir)
		path := filepath.Join(dir, storeName, filepath.Base(tables[0]))
		flip(t, path, at)
		wantDamaged(t, dir, path)
	}
}

func TestMissingFiles(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{})
	mustAccept(t, j, "first")
	mustClose(t, j)
	mustClose(t, mustOpen(t, dir, Options{}))
	for _, pattern := range []string{"*.sst", "MANIFEST-*", "marker.manifest.*"} {
		dir := killed(t, dir)
		found, err := filepath.Glob(filepath.Join(dir, storeName, pattern))
		if err != nil || len(found) == 0 {
			t.Fatal(pattern, found, err)
		}
		for _, path := range found {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		if j, err := Open(dir, Options{}); err == nil {
			t.Errorf("opened without %s: %v wait", pattern, waitingIDs(t, j))
			mustClose(t, j)
		}
	}
}

// TestPowerCut: what was not synced may have holes, what was synced may not.
func TestPowerCut(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{Sync: time.Hour})
	_, ends := acceptedUntil(t, j, dir, "first", "second")
	j.sync()
	ids, more := acceptedUntil(t, j, dir, "third", "fourth", "fifth")
	hole := func(from, to int64) string {
		dir := killed(t, dir)
		setBoot(t, dir)
		f, err := os.OpenFile(onlyFile(t, dir, "*.log"), os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteAt(make([]byte, to-from), from); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	lost := hole(more[0], more[1])
	for range 2 { // the second time it is no other start of the machine
		j := mustOpen(t, lost, Options{})
		if got, want := waitingIDs(t, j), []uint64{1, 2, ids[0]}; !reflect.DeepEqual(got, want) {
			t.Errorf("after a power cut %v wait, want %v", got, want)
		}
		lost = killed(t, lost)
		mustClose(t, j)
	}
	mustClose(t, mustOpen(t, hole(0, more[1]), Options{})) // as in a new file of the log, whose first records were not synced
	damaged := hole(ends[0], ends[1])
	wantDamaged(t, damaged, onlyFile(t, damaged, "*.log"))
}

// TestStoreTakesDamageForTheEnd shows why verify exists. If it fails, the store has learnt to tell, and verify can go.
func TestStoreTakesDamageForTheEnd(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{Sync: time.Hour})
	_, ends := acceptedUntil(t, j, dir, "first", "second", "third")
	dir = killed(t, dir)
	flip(t, onlyFile(t, dir, "*.log"), ends[0]+20)
	db, err := pebble.Open(filepath.Join(dir, storeName), &pebble.Options{FormatMajorVersion: pebble.FormatNewest, Logger: storeLogger{}})
	if err != nil {
		t.Fatal(err)
	}
	found, err := waitingAfter(db, 0, 10, func(uint64) bool { return false })
	if err != nil || len(found) != 1 {
		t.Errorf("%d documents are there, %v; want 1 of 3", len(found), err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestFormats(t *testing.T) {
	dir := t.TempDir()
	mustClose(t, mustOpen(t, dir, Options{}))
	path := filepath.Join(dir, formatName)
	if err := os.WriteFile(path, []byte("3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(dir, Options{})
	if f, ok := errors.AsType[*WrongFormat](err); !ok || f.Has != 3 || f.Knows != 2 || !strings.Contains(err.Error(), dir) {
		t.Errorf("a newer format: %v", err)
	}
	if err := os.WriteFile(path, []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantDamaged(t, dir, path)

	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "photo.jpg"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(other, Options{}); err == nil || !strings.Contains(err.Error(), "photo.jpg") {
		t.Errorf("opened a folder of something else: %v", err)
	}
}
