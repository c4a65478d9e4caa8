package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/sys/unix"

	"github.com/wsbridge/wsbridge/protocol"
)

// smallDisk mounts a file system of some MiB.
func smallDisk(t *testing.T, size int) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can mount a small file system")
	}
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Skip("cannot mount a small file system: ", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// occupy fills a file system, and returns how to empty it again.
func occupy(t *testing.T, dir string) (free func()) {
	t.Helper()
	path := filepath.Join(dir, "others")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{64 << 10, 1} {
		for b := make([]byte, size); err == nil; {
			_, err = f.Write(b)
		}
		if !isFull(err) {
			t.Fatal(err)
		}
		err = nil
	}
	return func() {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

func waitFor(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what)
		}
	}
}

// acceptUntilFull accepts documents until one is refused.
func acceptUntilFull(t *testing.T, j *Journal) (ids []uint64) {
	t.Helper()
	for {
		id, err := j.Accept(t.Context(), Document{Payload: []byte(strings.Repeat("x", 1000))})
		if errors.Is(err, ErrFull) {
			return ids
		}
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
}

func TestFullDisk(t *testing.T) {
	disk := smallDisk(t, 16<<20)
	dir := filepath.Join(disk, "journal")
	j := mustOpen(t, dir, Options{Sync: time.Millisecond, ballast: 1 << 20})
	mustOwe(t, j, aClient(1))
	mustOwe(t, j, aClient(2))
	early := mustAccept(t, j, "early")
	free := occupy(t, disk)
	ids := acceptUntilFull(t, j)
	if !j.Stats().Full {
		t.Error("Stats does not tell that the disk is full")
	}
	// Small writes go on, rows wait.
	mustBegin(t, j, early, 1)
	j.End(early)
	mustOwe(t, j, aClient(3))
	if err := j.BeginClose(t.Context(), 2, 2); err != nil {
		t.Fatal(err)
	}
	j.Settle(2)
	j.SetRow(1, fields("a", "1"))
	j.SetRow(1, fields("a", "2"))
	j.SetGlobals(fields("g", "3"), nil)
	mustBegin(t, j, ids[0], 3)
	if row := storedFields(t, j, numberKey(kindRow, 1)); !reflect.DeepEqual(row, aClient(1).Row) {
		t.Errorf("a row was written on a full disk: %s", row)
	}
	free()
	waitFor(t, "it stays full", func() bool { return !j.Stats().Full })
	late := mustAccept(t, j, "late")
	waitFor(t, "the row is not written", func() bool {
		return reflect.DeepEqual(storedFields(t, j, numberKey(kindRow, 1)), fields("a", "2"))
	})
	mustClose(t, j)
	j = mustOpen(t, dir, Options{ballast: 1 << 20})
	if got := waitingIDs(t, j); len(got) != len(ids) || got[len(got)-1] != late {
		t.Errorf("%d documents wait, want %d", len(got), len(ids))
	}
	if left := j.Left(); len(left.Clients) != 2 || len(left.Begun) != 1 || !reflect.DeepEqual(left.Globals, fields("g", "3")) {
		t.Errorf("left is %+v", left)
	}
	mustClose(t, j)
}

// storedFields returns fields that the store has.
func storedFields(t testing.TB, j *Journal, key []byte) (f protocol.Fields) {
	t.Helper()
	err := j.read(func(store *pebble.DB) error {
		return get(store, key, func(v []byte) error {
			d := decoder{b: slices.Clone(v)}
			f = d.fields()
			return d.err()
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// leftOf returns what a process would be told that opens a journal.
func leftOf(t testing.TB, dir string) Left {
	t.Helper()
	j := mustOpen(t, dir, Options{ballast: 4096})
	defer mustClose(t, j)
	return j.Left()
}

// TestNoRoomAtAll: without room for the smallest write, callers wait as long as their contexts, and go on when there is room. What begins needs
// none.
func TestNoRoomAtAll(t *testing.T) {
	disk := smallDisk(t, 8<<20)
	j := mustOpen(t, filepath.Join(disk, "journal"), Options{Sync: time.Hour, ballast: 64 << 10})
	id := mustAccept(t, j, "early")
	free := occupy(t, disk)
	acceptUntilFull(t, j)
	again := occupyMore(t, disk)
	ctx, cancel := context.WithCancel(t.Context())
	blocked := make(chan error, 1)
	go func() {
		for n := range uint64(1 << 20) {
			if err := j.Owe(ctx, aClient(int64(n))); err != nil {
				blocked <- err
				return
			}
		}
		blocked <- nil
	}()
	waitFor(t, "the ballast is not used up", func() bool { return noRoom(t, disk) })
	time.AfterFunc(50*time.Millisecond, cancel)
	if err := <-blocked; !errors.Is(err, context.Canceled) {
		t.Errorf("Owe returned %v", err)
	}
	mustBegin(t, j, id, 4)
	free()
	again()
	mustBegin(t, j, id, 5)
	mustClose(t, j)
}

// occupyMore takes the room that the ballast has given back.
func occupyMore(t *testing.T, disk string) (free func()) {
	t.Helper()
	sub := filepath.Join(disk, "more")
	if err := os.Mkdir(sub, 0o700); err != nil && !isFull(err) {
		t.Fatal(err)
	}
	return occupy(t, sub)
}

func noRoom(t *testing.T, disk string) bool {
	t.Helper()
	var s unix.Statfs_t
	if err := unix.Statfs(disk, &s); err != nil {
		t.Fatal(err)
	}
	return s.Bavail == 0
}

// TestOpenOnAFullDisk: it is an error at once, or works with what is there.
func TestOpenOnAFullDisk(t *testing.T) {
	disk := smallDisk(t, 8<<20)
	dir := filepath.Join(disk, "journal")
	mustClose(t, mustOpen(t, dir, Options{ballast: 1 << 20}))
	free := occupy(t, disk)
	j := mustOpen(t, dir, Options{ballast: 1 << 20}) // the old ballast has room for it
	mustClose(t, j)
	if err := os.Remove(filepath.Join(dir, ballastName)); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	again := occupyMore(t, disk)
	if _, err := Open(dir, Options{ballast: 1 << 20}); !isFull(err) || !strings.Contains(err.Error(), dir) {
		t.Errorf("opened on a full disk: %v", err)
	}
	free()
	again()
	mustClose(t, mustOpen(t, dir, Options{ballast: 1 << 20}))
}

// faulty is a file system whose log cannot be written after a while.
type faulty struct {
	vfs.FS
	failing atomic.Bool
}

type faultyFile struct {
	vfs.File
	fs *faulty
}

func (f *faulty) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := f.FS.Create(name, c)
	return &faultyFile{file, f}, err
}

func (f *faultyFile) Write(p []byte) (int, error) {
	if f.fs.failing.Load() {
		return 0, fmt.Errorf("write: %w", unix.EIO)
	}
	return f.File.Write(p)
}

// TestBrokenDisk: every call tells why, nothing ends, and what was written before is there.
func TestBrokenDisk(t *testing.T) {
	dir := t.TempDir()
	fs := &faulty{FS: vfs.Default}
	j := mustOpen(t, dir, Options{Sync: time.Millisecond, fs: fs})
	id := mustAccept(t, j, "early")
	mustOwe(t, j, aClient(1))
	fs.failing.Store(true)
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			if _, err := j.Accept(t.Context(), Document{}); !errors.Is(err, ErrBroken) || !errors.Is(err, unix.EIO) {
				t.Errorf("Accept returned %v", err)
			}
		})
	}
	callers.Wait()
	_, documentErr := j.Document(id)
	_, waitingErr := j.Waiting(0, 1)
	for what, err := range map[string]error{
		"Begin": j.Begin(t.Context(), id, 1), "Owe": j.Owe(t.Context(), aClient(2)), "BeginClose": j.BeginClose(t.Context(), 1, 2),
		"Document": documentErr, "Waiting": waitingErr, "Stats": j.Stats().Broken,
	} {
		if !errors.Is(err, ErrBroken) || !errors.Is(err, unix.EIO) {
			t.Errorf("%s returned %v", what, err)
		}
	}
	j.SetRow(1, nil)
	j.SetGlobals(fields("a", "1"), nil)
	j.Settle(1)
	j.End(id)
	j.Forget()
	if err := j.Close(); !errors.Is(err, ErrBroken) {
		t.Errorf("Close returned %v", err)
	}
	left := leftOf(t, dir)
	if left.Documents != 1 || len(left.Clients) != 1 || !left.Crashed {
		t.Errorf("left is %+v", left)
	}
}
