package fifo

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// patience is how long a test waits for what must happen.
const patience = 2 * time.Minute

// collector receives what a pipe delivers and reports.
type collector struct {
	docs    chan string
	skipped chan Skipped
}

func newCollector() *collector {
	return &collector{docs: make(chan string, 10000), skipped: make(chan Skipped, 1000)}
}

func (c *collector) deliver(_ context.Context, doc []byte) error {
	c.docs <- string(doc)
	return nil
}

func (c *collector) report(s Skipped) { c.skipped <- s }

func (c *collector) wantDoc(t *testing.T, want string) {
	t.Helper()
	if got := receive(t, c.docs, "document"); got != want {
		t.Fatalf("document %.60q, want %.60q", got, want)
	}
}

func (c *collector) wantSkipped(t *testing.T, want Skipped) {
	t.Helper()
	if got := receive(t, c.skipped, "report"); got != want {
		t.Fatalf("skipped %v, want %v", got, want)
	}
}

func receive[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("no %s came", what)
		panic("unreachable")
	}
}

// create makes a pipe in its own folder and closes it at the end of the test.
func create(t *testing.T, c Config) *Pipe {
	t.Helper()
	if c.Path == "" {
		c.Path = filepath.Join(t.TempDir(), "pipe")
	}
	p, err := Create(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// one returns a deliver that takes documents one by one.
func one(deliver func(context.Context, []byte) error) func(context.Context, [][]byte) (int, error) {
	return func(ctx context.Context, docs [][]byte) (taken int, err error) {
		for _, doc := range docs {
			if err := deliver(ctx, doc); err != nil {
				return taken, err
			}
			taken++
		}
		return taken, nil
	}
}

// run runs the pipe until the test ends or stop is called, which returns Run's error.
func run(t *testing.T, p *Pipe, deliver func(context.Context, []byte) error) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx, one(deliver)) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return receive(t, ended, "end of Run")
	})
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return stop
}

// open opens the pipe as PHP's fopen does with "w+".
func open(t *testing.T, path string) *os.File {
	t.Helper()
	fd, err := syscall.Open(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC|syscall.O_CLOEXEC, 0o666)
	if err != nil {
		t.Fatalf("open %s: %v", path, err)
	}
	return os.NewFile(uintptr(fd), path)
}

// send writes doc as the web application's helper does: open, write, close.
func send(t *testing.T, path, doc string) {
	t.Helper()
	f := open(t, path)
	defer f.Close()
	if _, err := f.WriteString(doc); err != nil {
		t.Errorf("write: %v", err)
	}
}

func sendLocked(t *testing.T, path, doc string) {
	t.Helper()
	f := open(t, path)
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		t.Errorf("flock: %v", err)
	}
	if _, err := f.WriteString(doc); err != nil {
		t.Errorf("write: %v", err)
	}
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no %s came", what)
		}
	}
}

// full reports whether the pipe holds all but its last page, which a next write may not fit into.
func full(t *testing.T, path string) bool {
	t.Helper()
	f := open(t, path)
	defer f.Close()
	var held int32
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), syscall.TIOCINQ, uintptr(unsafe.Pointer(&held))); errno != 0 {
		t.Fatalf("ioctl: %v", errno)
	}
	return held >= 15*4096
}
