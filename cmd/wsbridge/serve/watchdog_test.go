package serve

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// serverWithLocks is a server that does not answer while its lock is held.
type serverWithLocks struct{ lock chan struct{} }

func (s serverWithLocks) Ready(context.Context) error { return nil }
func (s serverWithLocks) Clients() int {
	s.lock <- struct{}{}
	<-s.lock
	return 7
}

// manager is a service manager's socket.
type manager struct{ *net.UnixConn }

func newManager(t *testing.T) manager {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	t.Setenv("WATCHDOG_USEC", "20000")
	return manager{conn}
}

// read returns what comes within a time, or "".
func (m manager) read(within time.Duration) string {
	_ = m.SetReadDeadline(time.Now().Add(within))
	buf := make([]byte, 4096)
	n, _ := m.Read(buf)
	return string(buf[:n])
}

// fed checks that the server is reported alive.
func (m manager) fed(t *testing.T) {
	t.Helper()
	for _, want := range []string{"STATUS=7 clients", "WATCHDOG=1"} {
		if got := m.read(20 * time.Second); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// starved checks that the manager hears nothing for ten intervals.
func (m manager) starved(t *testing.T) {
	t.Helper()
	for m.read(time.Second) != "" { // what was said before
	}
	if got := m.read(200 * time.Millisecond); got != "" {
		t.Errorf("got %q of a server that hangs", got)
	}
}

func inTime(time.Time) time.Duration { return 0 }

// tests/ has the watchdog with the real bridge, which can hardly be made to hang.
func TestWatchdogStarvesWhenTheServerDoesNotAnswer(t *testing.T) {
	m := newManager(t)
	server := serverWithLocks{make(chan struct{}, 1)}
	w := startWatchdog(server, inTime, func() {}, slog.New(slog.DiscardHandler))
	defer w.close()
	m.fed(t)
	server.lock <- struct{}{} // held for ever
	defer func() { <-server.lock }()
	m.starved(t)
}

func TestWatchdogStarvesWhileAnExchangeDoesNotEnd(t *testing.T) {
	m := newManager(t)
	var late atomic.Int64
	var log bytes.Buffer
	w := startWatchdog(serverWithLocks{make(chan struct{}, 1)}, func(time.Time) time.Duration { return time.Duration(late.Load()) },
		func() {}, slog.New(slog.NewTextHandler(&log, nil)))
	late.Store(int64(stuckAfter))
	m.fed(t)
	late.Store(int64(stuckAfter + time.Second))
	m.starved(t)
	late.Store(0)
	m.fed(t)
	w.close()
	const line = "the service manager's watchdog is no longer fed"
	if got := log.String(); strings.Count(got, line) != 1 || !strings.Contains(got, "has not ended (1m1s late)") {
		t.Errorf("logged %q", got)
	}
}
