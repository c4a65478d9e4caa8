package fifo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// copies returns the files as another process gets them.
func copies(t *testing.T, files []syscall.Conn) (all []*os.File) {
	t.Helper()
	for _, f := range files {
		raw, err := f.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		if err := raw.Control(func(fd uintptr) {
			copied, err := unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, os.NewFile(uintptr(copied), "copy"))
		}); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// handOver holds the pipe, and returns the one that takes over from it, which is held, too.
func handOver(t *testing.T, p *Pipe, c Config) *Pipe {
	t.Helper()
	hold(t, p)
	data, files, err := p.State()
	if err != nil {
		t.Fatal(err)
	}
	c.Path = p.Path()
	fresh, err := Restore(c, data, copies(t, files))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := fresh.Close(); err != nil {
			t.Error(err)
		}
	})
	return fresh
}

// end ends a pipe that another one has taken over from.
func end(t *testing.T, p *Pipe, stop func() error) {
	t.Helper()
	if err := errors.Join(p.Leave(), stop()); err != nil {
		t.Fatal(err)
	}
}

// What is split at any byte by a change of the process becomes the same documents, and the same is skipped.
func TestDocumentsSurviveAChangeOfTheProcessAtEachByte(t *testing.T) {
	for name, text := range map[string]string{
		"documents":      `{"a":[1,-2.5e+3,true,null],"b":"x\"\u00e9"} [{"c":0}]` + "\n",
		"commands":       "reload\nkick bob {\"a\":1}\nreload{\"a\":1}\n[INFO] text\n",
		"broken":         `{"a":tru}{"b":1}` + "\n" + `{"c":2},` + "\n" + `["d"]` + "\n" + "]]\nlast\n",
		"too long":       `{"text":"` + strings.Repeat("0123456789", 7) + `"}` + "\n[1]\n" + strings.Repeat("long ", 20) + "\nshort\n",
		"text and blank": "\x00 [1] first\n second\n",
	} {
		for _, writers := range []int{1, 2} {
			for i := range len(text) {
				if one, two := through(t, text, i, writers, false), through(t, text, i, writers, true); one != two {
					t.Fatalf("%s of %d writers, split at byte %d, %q:\ngot  %s\nwant %s", name, writers, i, text[:i], two, one)
				}
			}
		}
	}
}

// through returns what becomes of a text that is read in two pieces: by one process, or, with a change, each by another one.
func through(t *testing.T, text string, n, writers int, change bool) (got string) {
	t.Helper()
	c := Config{Limit: 40, Report: func(s Skipped) { got += fmt.Sprint(s) }}
	emit := func(doc []byte) { got += fmt.Sprintf("%q ", doc) }
	s := &stream{}
	s.startIntake(&c, emit)
	s.intake.take([]byte(text[:n]), writers)
	if change {
		data, err := json.Marshal(stateOf(s, nil))
		if err != nil {
			t.Fatal(err)
		}
		var o streamState
		if err := errors.Join(json.Unmarshal(data, &o), o.Intake.check()); err != nil {
			t.Fatal(err)
		}
		s = &stream{intake: o.Intake.restore()}
		s.startIntake(&c, emit)
	}
	s.intake.take([]byte(text[n:]), 0)
	s.intake.silence()
	return got
}

func write(t *testing.T, w *os.File, text string) {
	t.Helper()
	if text == "" {
		return
	}
	if _, err := w.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// Nobody but the successor can take a pipe that is handed over, and only it removes it.
func TestThePipeStaysTheServers(t *testing.T) {
	c := newCollector()
	before := create(t, Config{})
	stop := run(t, before, c.deliver)
	send(t, before.Path(), "first")
	c.wantDoc(t, "first")
	after := handOver(t, before, Config{})
	end(t, before, stop)
	if _, err := Create(Config{Path: after.Path()}); !errors.Is(err, ErrInUse) {
		t.Errorf("another server got %v", err)
	}
	after.Resume()
	run(t, after, c.deliver)
	send(t, after.Path(), "reload")
	c.wantDoc(t, "reload")
	if err := after.Chmod(0o600); err != nil {
		t.Error(err)
	}
	if err := after.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(after.Path()); !os.IsNotExist(err) {
		t.Errorf("the pipe is still there: %v", err)
	}
}

// A successor that leaves disturbs nothing.
func TestThePipeGoesOnIfTheSuccessorLeaves(t *testing.T) {
	c := newCollector()
	before := create(t, Config{Stall: patience})
	run(t, before, c.deliver)
	w := open(t, before.Path())
	defer w.Close()
	write(t, w, `{"n":1}{"half`)
	c.wantDoc(t, `{"n":1}`)
	after := handOver(t, before, Config{})
	if err := after.Leave(); err != nil {
		t.Fatal(err)
	}
	before.Resume()
	write(t, w, `":2}`)
	c.wantDoc(t, `{"half":2}`)
	if _, err := Create(Config{Path: before.Path()}); !errors.Is(err, ErrInUse) {
		t.Errorf("another server got %v", err)
	}
}

// Documents that deliver has not taken, a pipe that was replaced, and a plain file in its place go along.
func TestAllThatIsReadGoesAlong(t *testing.T) {
	c := newCollector()
	mended := make(chan Mended, 9)
	config := Config{Stall: patience, Quiet: patience, Grace: time.Millisecond, SetAside: true, Mended: func(m Mended) { mended <- m }}
	before := create(t, config)
	stop := run(t, before, c.deliver)
	old := open(t, before.Path())
	defer old.Close()
	write(t, old, `{"old":`)
	waitFor(t, "reader", func() bool { return isEmpty(before) })
	if err := os.Remove(before.Path()); err != nil {
		t.Fatal(err)
	}
	plain := open(t, before.Path())
	defer plain.Close()
	write(t, plain, `{"plain":`)
	if m := receive(t, mended, "change"); m.Fault != PlainFile && receive(t, mended, "change").Fault != PlainFile {
		t.Fatal("the plain file was not found")
	}
	waitFor(t, "reader of the file", func() bool {
		at, err := plain.Seek(0, 1)
		return err == nil && at == int64(len(`{"plain":`))
	})

	after := handOver(t, before, config)
	if n := len(after.streams); n != 3 {
		t.Fatalf("%d streams are read, want 3", n)
	}
	end(t, before, stop)
	after.Resume()
	run(t, after, c.deliver)
	write(t, old, `1}`)
	c.wantDoc(t, `{"old":1}`)
	write(t, plain, `2}`)
	c.wantDoc(t, `{"plain":2}`)
	send(t, after.Path(), `{"new":3}`)
	c.wantDoc(t, `{"new":3}`)
}

func TestWhatWaitsForDeliverGoesAlong(t *testing.T) {
	c := newCollector()
	before := create(t, Config{})
	release := make(chan struct{})
	stop := run(t, before, func(ctx context.Context, doc []byte) error {
		close(release)
		<-ctx.Done()
		return ctx.Err()
	})
	send(t, before.Path(), `{"n":1}{"n":2}`)
	receive(t, release, "document")
	after := handOver(t, before, Config{})
	end(t, before, stop)
	run(t, after, c.deliver)
	after.Resume()
	c.wantDoc(t, `{"n":1}`)
	c.wantDoc(t, `{"n":2}`)
}

// A limit that is lower in the new process does not break what was read before.
func TestALowerLimitHoldsForWhatWasRead(t *testing.T) {
	c := newCollector()
	before := create(t, Config{Stall: patience})
	stop := run(t, before, c.deliver)
	w := open(t, before.Path())
	defer w.Close()
	write(t, w, `{"first":"0123456789`)
	waitFor(t, "reader", func() bool { return isEmpty(before) })
	after := handOver(t, before, Config{Stall: patience, Limit: 8, Report: c.report})
	end(t, before, stop)
	after.Resume()
	run(t, after, c.deliver)
	write(t, w, `0123456789"}{"n":1}`)
	c.wantDoc(t, `{"n":1}`)
	c.wantSkipped(t, Skipped{TooLarge, int64(len(`{"first":"01234567890123456789"}`))})
}

func TestRestoreRefusesWhatDoesNotFit(t *testing.T) {
	p := create(t, Config{})
	if _, _, err := p.State(); err == nil {
		t.Error("a pipe that is not held has a state")
	}
	hold(t, p)
	data, files, err := p.State()
	if err != nil {
		t.Fatal(err)
	}
	good := string(data)
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	more := append(files[:len(files):len(files)], null)
	for name, row := range map[string]struct {
		data, path string
		files      []syscall.Conn
		part       string
	}{
		"another path":     {good, p.Path() + "2", files, "a restart changes it"},
		"no JSON":          {"x", p.Path(), files, "invalid character"},
		"nothing":          {"{}", p.Path(), nil, "in the other process"},
		"no file":          {good, p.Path(), nil, "some are missing"},
		"a file too few":   {good, p.Path(), files[:1], "some are missing"},
		"a file too many":  {good, p.Path(), more, "there are 1 more"},
		"no pipe":          {good, p.Path(), []syscall.Conn{null, null, null}, "there is a device"},
		"no current pipe":  {strings.Replace(good, `"Current":true`, `"Current":false`, 1), p.Path(), append(files[:1:1], files[2:]...), "no current pipe"},
		"an unknown state": {strings.Replace(good, `"Intake":null`, `"Intake":{"State":99}`, 1), p.Path(), files, "state 99"},
	} {
		_, err := Restore(Config{Path: row.path}, []byte(row.data), copies(t, row.files))
		if err == nil || !strings.Contains(err.Error(), row.part) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	p.Resume()
	c := newCollector()
	run(t, p, c.deliver)
	send(t, p.Path(), "still here")
	c.wantDoc(t, "still here")
}
