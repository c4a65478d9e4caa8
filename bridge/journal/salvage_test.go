package journal

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestInspect(t *testing.T) {
	dir := t.TempDir()
	if _, err := Inspect(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("inspected an empty folder: %v", err)
	}
	j := mustOpen(t, dir, Options{})
	mustBegin(t, j, mustAccept(t, j, "begun"), 1)
	mustAccept(t, j, "waiting")
	mustOwe(t, j, aClient(1))
	mustClose(t, j)
	before := listing(t, dir)
	c, err := Inspect(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []Waiting{{2, 7, "pipe", noon}}
	if !c.Crashed || !reflect.DeepEqual(c.Waiting, want) || len(c.Begun) != 1 || len(c.Clients) != 1 || c.DiskBytes == 0 {
		t.Errorf("contents are %+v", c)
	}
	if after := listing(t, dir); !slices.Equal(after, before) {
		t.Errorf("files were %v, and are %v", before, after)
	}
	flip(t, onlyFile(t, dir, "*.log"), 20)
	if _, err := Inspect(dir); !isDamaged(err) {
		t.Errorf("inspected a damaged journal: %v", err)
	}
}

func isDamaged(err error) bool {
	_, ok := errors.AsType[*Damaged](err)
	return ok
}

// listing returns the files of a folder with their contents' sizes and times.
func listing(t testing.TB, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "LOCK" { // which the store empties, as it is
			return err
		}
		info, err := d.Info()
		if err == nil {
			files = append(files, path+" "+info.ModTime().String())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestSetAsideWhatIsNotDamaged(t *testing.T) {
	dir := t.TempDir()
	mustClose(t, mustOpen(t, dir, Options{}))
	if _, err := SetAside(dir); !errors.Is(err, ErrNotDamaged) {
		t.Errorf("set aside a journal that is not damaged: %v", err)
	}
	if _, err := SetAside(t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("set aside an empty folder: %v", err)
	}
}

// TestSetAsideDamagedLog: records before and after the damage are saved.
func TestSetAsideDamagedLog(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journal")
	j := mustOpen(t, dir, Options{Sync: time.Hour})
	ids, ends := acceptedUntil(t, j, dir, "first", "second", "third", "fourth")
	mustBegin(t, j, ids[3], 9)
	c := aClient(5)
	mustOwe(t, j, c)
	j.SetGlobals(fields("g", "1"), nil)
	mustClose(t, j)
	log := onlyFile(t, dir, "*.log")
	flip(t, log, ends[0]+30) // the second document
	s, err := SetAside(dir)
	if err != nil {
		t.Fatal(err)
	}
	if s.Documents != 2 || s.Begun != 1 || s.Clients != 1 || s.Globals != 1 || s.Damage.Path != log || len(s.Lost) != 1 || !strings.Contains(s.Lost[0], "checksum") {
		t.Errorf("salvage is %+v", s)
	}
	if _, err := os.Stat(filepath.Join(s.Aside, storeName, filepath.Base(log))); err != nil || !strings.HasPrefix(s.Aside, dir+".damaged-") {
		t.Errorf("the damaged journal is gone: %v", err)
	}
	j = mustOpen(t, dir, Options{})
	left := j.Left()
	if got := waitingIDs(t, j); !slices.Equal(got, []uint64{ids[0], ids[2]}) || !reflect.DeepEqual(left.Clients, []Client{c}) ||
		len(left.Begun) != 1 || left.Begun[0].ID != ids[3] || !reflect.DeepEqual(left.Globals, fields("g", "1")) {
		t.Errorf("%v wait, and left is %+v", got, left)
	}
	if id := mustAccept(t, j, "next"); id <= ids[3] {
		t.Errorf("the next id is %d", id)
	}
}

// TestSetAsideDamagedOpening: what has begun is known although the record is damaged that says in which opening.
func TestSetAsideDamagedOpening(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journal")
	j := mustOpen(t, dir, Options{Sync: time.Hour})
	ids := []uint64{mustAccept(t, j, "first"), mustAccept(t, j, "second")}
	mustClose(t, j)
	j = mustOpen(t, dir, Options{Sync: time.Hour})
	mustBegin(t, j, ids[0], 9)
	mustClose(t, j)
	flip(t, onlyFile(t, dir, "*.log"), 30) // in the first record
	s, err := SetAside(dir)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := Inspect(dir); err != nil || s.Begun != 1 || len(c.Begun) != 1 || c.Begun[0].ID != ids[0] || len(c.Waiting) != 1 {
		t.Errorf("salvage is %+v, and in it is %+v, %v", s, c, err)
	}
}

// TestSetAsideDamagedTable: of a table, other blocks are saved.
func TestSetAsideDamagedTable(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journal")
	j := mustOpen(t, dir, Options{Sync: time.Hour})
	var ids []uint64
	for range 200 {
		ids = append(ids, mustAccept(t, j, strings.Repeat("payload", 1000)))
	}
	mustClose(t, j)
	mustClose(t, mustOpen(t, dir, Options{}))
	table := onlyFile(t, dir, "*.sst")
	flip(t, table, fileSize(t, table)/2)
	s, err := SetAside(dir)
	if err != nil {
		t.Fatal(err)
	}
	j = mustOpen(t, dir, Options{})
	got := waitingIDs(t, j)
	if len(got) != s.Documents || len(got) < len(ids)/2 || len(got) == len(ids) || !slices.IsSorted(got) || len(s.Lost) == 0 {
		t.Errorf("%d of %d were saved; %+v", len(got), len(ids), s)
	}
	for _, id := range got {
		if d, err := j.Document(id); err != nil || len(d.Payload) != 7000 {
			t.Errorf("document %d: %v", id, err)
		}
	}
}

// TestSetAsideDamagedManifest: without the manifest the log is all that can be read.
func TestSetAsideDamagedManifest(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journal")
	j := mustOpen(t, dir, Options{Sync: time.Hour})
	id := mustAccept(t, j, "first")
	mustClose(t, j)
	flip(t, onlyFile(t, dir, "MANIFEST-*"), 10)
	s, err := SetAside(dir)
	if err != nil {
		t.Fatal(err)
	}
	j = mustOpen(t, dir, Options{})
	if got := waitingIDs(t, j); !slices.Equal(got, []uint64{id}) || s.Documents != 1 {
		t.Errorf("%v wait; %+v", got, s)
	}
}
