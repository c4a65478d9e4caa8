package fifo

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestCloseWakesRunAndDeliversWhatIsThere(t *testing.T) {
	c := newCollector()
	p := create(t, Config{Report: c.report})
	ended := make(chan error, 1)
	started := make(chan struct{})
	go func() {
		ended <- p.Run(context.Background(), one(func(ctx context.Context, doc []byte) error {
			if string(doc) == `["first"]` {
				close(started)
			}
			return c.deliver(ctx, doc)
		}))
	}()
	send(t, p.Path(), `["first"]`)
	receive(t, started, "first document")
	writer := open(t, p.Path())
	defer writer.Close()
	if _, err := writer.WriteString(`["last"]`); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if err := receive(t, ended, "end of Run"); err != nil {
		t.Errorf("Run: %v", err)
	}
	c.wantDoc(t, `["first"]`)
	c.wantDoc(t, `["last"]`)
	if _, err := os.Lstat(p.Path()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("pipe after Close: %v", err)
	}
}

func TestCloseFreesBlockedWriters(t *testing.T) {
	c := newCollector()
	p := create(t, Config{Report: c.report})
	const size = 300 << 10
	written := make(chan struct{})
	go func() {
		defer close(written)
		send(t, p.Path(), strings.Repeat("x", size))
	}()
	waitFor(t, "a full pipe", func() bool { return full(t, p.Path()) })
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	receive(t, written, "end of the writer")
	c.wantSkipped(t, Skipped{Discarded, size})
}

func TestCloseRemovesOnlyItsOwnPipe(t *testing.T) {
	p := create(t, Config{})
	if err := os.Remove(p.Path()); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(p.Path(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(p.Path()); err != nil {
		t.Errorf("pipe of somebody else: %v", err)
	}
}

func TestCloseIsFineWhenThePipeHasGone(t *testing.T) {
	p := create(t, Config{})
	if err := os.Remove(p.Path()); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

func TestCreateGivesTheModeWhateverTheUmask(t *testing.T) {
	for _, umask := range []int{0, 0o022, 0o077} {
		for _, mode := range []fs.FileMode{0, 0o600, 0o660, 0o666, 0o622} {
			old := syscall.Umask(umask)
			p := create(t, Config{Mode: mode})
			syscall.Umask(old)
			info, err := os.Lstat(p.Path())
			if err != nil {
				t.Fatal(err)
			}
			want := fs.ModeNamedPipe | cmp.Or(mode, defaultMode)
			if info.Mode() != want {
				t.Errorf("umask %#o, mode %#o: made %v, want %v", umask, mode, info.Mode(), want)
			}
		}
	}
}

func TestCreateMakesAStalePipeAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o644); err != nil {
		t.Fatal(err)
	}
	old := open(t, path)
	defer old.Close()
	const size = 200 << 10
	written := make(chan struct{})
	go func() {
		defer close(written)
		send(t, path, strings.Repeat("x", size))
	}()
	waitFor(t, "a full pipe", func() bool { return full(t, path) })

	c := newCollector()
	p := create(t, Config{Path: path, Report: c.report})
	receive(t, written, "end of the writer that hung")
	c.wantSkipped(t, Skipped{Discarded, size})
	if isAt(path, old) {
		t.Error("the stale pipe is still there")
	}
	run(t, p, c.deliver)
	send(t, path, `{"new":1}`)
	c.wantDoc(t, `{"new":1}`)
}

func TestCreateRefusesAPipeInUse(t *testing.T) {
	p := create(t, Config{})
	if second, err := Create(Config{Path: p.Path()}); !errors.Is(err, ErrInUse) {
		t.Fatalf("second Create: %v, %v, want %v", second, err, ErrInUse)
	}
	if !isAt(p.Path(), p.current.reading) {
		t.Error("the pipe in use has gone")
	}
}

func TestCreateRefusesWhatIsNoPipe(t *testing.T) {
	for _, row := range []struct {
		kind string
		make func(t *testing.T, path string) error
	}{
		{"regular file", func(_ *testing.T, path string) error { return os.WriteFile(path, []byte("precious"), 0o600) }},
		{"directory", func(_ *testing.T, path string) error { return os.Mkdir(path, 0o700) }},
		{"socket", listen},
		{"symbolic link", func(_ *testing.T, path string) error { return os.Symlink("nowhere", path) }},
		{"symbolic link", func(_ *testing.T, path string) error {
			return errors.Join(syscall.Mkfifo(path+".pipe", 0o600), os.Symlink(path+".pipe", path))
		}},
	} {
		path := filepath.Join(t.TempDir(), "pipe")
		if err := row.make(t, path); err != nil {
			t.Fatal(err)
		}
		before, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		p, err := Create(Config{Path: path})
		if !errors.Is(err, ErrNotPipe) || !strings.Contains(err.Error(), row.kind) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, %v, want %v", row.kind, p, err, ErrNotPipe)
		}
		if after, err := os.Lstat(path); err != nil || !os.SameFile(before, after) {
			t.Errorf("%s is no longer there: %v", row.kind, err)
		}
	}
}

func listen(t *testing.T, path string) error {
	l, err := net.Listen("unix", path)
	if err == nil {
		t.Cleanup(func() { l.Close() })
	}
	return err
}

func TestCreateRefusesABadConfig(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	for _, c := range []Config{
		{},
		{Path: filepath.Join(path, "no", "folder")},
		{Path: path, Mode: fs.ModeSetuid | 0o600},
		{Path: path, Limit: -1},
		{Path: path, Quiet: -1},
		{Path: path, Stall: -1},
		{Path: path, Grace: -1},
	} {
		if p, err := Create(c); err == nil {
			t.Errorf("Create(%+v) made %s", c, p.Path())
		}
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("path after refusals: %v", err)
	}
}
