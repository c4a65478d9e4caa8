package fifo

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// watched is a pipe that runs, and what it tells of its path.
type watched struct {
	*collector
	*Pipe
	mended chan Mended
	lost   chan error
}

func watch(t *testing.T, c Config) *watched {
	w := &watched{collector: newCollector(), mended: make(chan Mended, 100), lost: make(chan error, 100)}
	c.Report = w.report
	c.Mended = func(m Mended) { w.mended <- m }
	c.Lost = func(err error) { w.lost <- err }
	w.Pipe = create(t, c)
	run(t, w.Pipe, w.deliver)
	return w
}

// works checks that a document arrives and that the pipe is as the configuration wants it.
func (w *watched) works(t *testing.T, mode fs.FileMode) {
	t.Helper()
	info, err := os.Lstat(w.Path())
	if err != nil || info.Mode() != fs.ModeNamedPipe|mode {
		t.Fatalf("got %v, %v, want mode %v", info, err, mode)
	}
	send(t, w.Path(), `{"after":1}`)
	w.wantDoc(t, `{"after":1}`)
	if err := w.Lost(); err != nil {
		t.Errorf("lost: %v", err)
	}
}

func TestRunPutsTheFaultsOfThePathRight(t *testing.T) {
	for _, row := range []struct {
		fault Fault
		do    func(path string) error
	}{
		{Removed, os.Remove},
		{Removed, func(path string) error { return os.Rename(path, path+".old") }},
		{Replaced, func(path string) error {
			return errors.Join(syscall.Mkfifo(path+".new", 0o600), os.Rename(path+".new", path))
		}},
		{PlainFile, func(path string) error {
			return errors.Join(os.WriteFile(path+".new", nil, 0o644), os.Rename(path+".new", path))
		}},
		{WrongMode, func(path string) error { return os.Chmod(path, 0o600) }},
		{WrongMode, func(path string) error { return os.Chmod(path, 0o777) }},
	} {
		w := watch(t, Config{Mode: 0o640, SetAside: true})
		for range 2 {
			if err := row.do(w.Path()); err != nil {
				t.Fatal(err)
			}
			if got := receive(t, w.mended, string(row.fault)); got.Fault != row.fault {
				t.Errorf("got %+v, want %s", got, row.fault)
			}
			w.works(t, 0o640)
		}
		if err := w.Chmod(0o620); err != nil {
			t.Fatal(err)
		}
		w.works(t, 0o620)
	}
}

func TestRunDeliversWhatAPlainFileInPlaceOfThePipeHolds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	w := watch(t, Config{Path: path, SetAside: true})
	aside := filepath.Join(filepath.Dir(path), "prepared")
	const document = "{\"written\":\n\"by PHP\"}"
	if err := errors.Join(os.WriteFile(aside, []byte(document), 0o666), os.Rename(aside, path)); err != nil {
		t.Fatal(err)
	}
	w.wantDoc(t, document)
	m := receive(t, w.mended, "plain file")
	if text, err := os.ReadFile(m.Aside); m.Fault != PlainFile || !strings.HasPrefix(m.Aside, path+".aside-") || string(text) != document {
		t.Errorf("got %+v, %q, %v", m, text, err)
	}
	w.works(t, defaultMode)
}

// One that has opened the pipe before it was removed must neither hang nor write into nothing.
func TestRunReadsARemovedPipeUntilItsWritersHaveLeft(t *testing.T) {
	w := watch(t, Config{})
	writer := open(t, w.Path())
	w.mu.Lock()
	first := w.current
	w.mu.Unlock()
	if err := os.Remove(w.Path()); err != nil {
		t.Fatal(err)
	}
	receive(t, w.mended, "mended")
	if _, err := writer.WriteString(`{"late":1}`); err != nil {
		t.Fatal(err)
	}
	w.wantDoc(t, `{"late":1}`)
	w.works(t, defaultMode)
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "end of the reader", func() bool { _, err := first.reading.Stat(); return err != nil })
}

func TestRunDeliversWhatIsInAPipeInPlaceOfThePipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	other := path + ".other"
	if err := syscall.Mkfifo(other, 0o666); err != nil {
		t.Fatal(err)
	}
	writer := open(t, other)
	defer writer.Close()
	if _, err := writer.WriteString(`{"other":1}`); err != nil {
		t.Fatal(err)
	}
	w := watch(t, Config{Path: path})
	if err := os.Rename(other, path); err != nil {
		t.Fatal(err)
	}
	w.wantDoc(t, `{"other":1}`)
	w.works(t, defaultMode)
}

func TestRunTellsOnceWhatItCannotPutRight(t *testing.T) {
	for _, row := range []struct {
		why string
		do  func(path string) error
	}{
		{"regular file", func(path string) error { return os.WriteFile(path, []byte("precious"), 0o600) }},
		{"directory", func(path string) error { return os.Mkdir(path, 0o700) }},
		{"in use by another server", func(path string) error {
			f, err := makePipe(path, 0o600, nil)
			if err == nil {
				t.Cleanup(func() { f.close() })
			}
			return err
		}},
	} {
		w := watch(t, Config{})
		prepared := w.Path() + ".prepared"
		if err := row.do(prepared); err != nil {
			t.Fatal(err)
		}
		if err := unix.Renameat2(unix.AT_FDCWD, prepared, unix.AT_FDCWD, w.Path(), unix.RENAME_EXCHANGE); err != nil {
			t.Fatal(err)
		}
		err := receive(t, w.lost, "error")
		if err == nil || !strings.Contains(err.Error(), row.why) || !strings.Contains(err.Error(), w.Path()) || w.Lost() == nil {
			t.Errorf("%s: got %v", row.why, err)
		}
		if err := os.Rename(w.Path(), prepared+".back"); err != nil { // what was in the way is still there
			t.Error(err)
		}
		if err := receive(t, w.lost, "end"); err != nil {
			t.Errorf("%s: lost again: %v", row.why, err)
		}
		w.works(t, defaultMode)
	}
}

func TestCreateSetsAPlainFileAside(t *testing.T) {
	c := newCollector()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := os.WriteFile(path, []byte(`{"of":"last year"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	var mended Mended
	p := create(t, Config{Path: path, SetAside: true, Mended: func(m Mended) { mended = m }})
	if text, err := os.ReadFile(mended.Aside); mended.Fault != PlainFile || string(text) != `{"of":"last year"}` {
		t.Errorf("got %+v, %q, %v", mended, text, err)
	}
	run(t, p, c.deliver)
	send(t, path, "new")
	c.wantDoc(t, "new")
}
