package serve

import (
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsbridge/wsbridge/bridge"
	"github.com/wsbridge/wsbridge/protocol"
)

// serverWithLocks is a server that does not answer while its lock is held.
type serverWithLocks struct{ lock chan struct{} }

func (s serverWithLocks) Ready(context.Context) error { return nil }
func (s serverWithLocks) Clients() int {
	s.lock <- struct{}{}
	<-s.lock
	return 7
}

// What the real bridge says is looked at in tests/; that it hangs can hardly be brought about.
func TestWatchdogStarvesWhenTheServerDoesNotAnswer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	t.Setenv("WATCHDOG_USEC", "20000")
	read := func(within time.Duration) string {
		_ = conn.SetReadDeadline(time.Now().Add(within))
		buf := make([]byte, 4096)
		n, _ := conn.Read(buf)
		return string(buf[:n])
	}

	server := serverWithLocks{make(chan struct{}, 1)}
	w := startWatchdog(server, &exchanges{}, slog.New(slog.DiscardHandler))
	defer w.close()
	for _, want := range []string{"STATUS=7 clients", "WATCHDOG=1"} {
		if got := read(20 * time.Second); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	server.lock <- struct{}{} // held for ever
	defer func() { <-server.lock }()
	for read(time.Second) != "" { // what was said before
	}
	if got := read(200 * time.Millisecond); got != "" { // ten intervals
		t.Errorf("got %q of a server that hangs", got)
	}
}

// waitingPHP answers when told to.
type waitingPHP struct {
	bridge.PHP
	answer chan struct{}
}

func (p waitingPHP) Run(context.Context, func(*protocol.Effect) error, ...*protocol.Event) error {
	<-p.answer
	return nil
}

func TestExchangeThatDoesNotEndIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		php := waitingPHP{answer: make(chan struct{})}
		var e exchanges
		watched := e.watch(php, time.Minute)
		for range 2 {
			go func() { _ = watched.Run(t.Context(), nil) }()
		}
		time.Sleep(time.Minute)
		if err := e.check(time.Now()); err != nil {
			t.Errorf("at the limit: %v", err)
		}
		time.Sleep(time.Second)
		if err := e.check(time.Now()); err == nil || !strings.Contains(err.Error(), "(1s late)") {
			t.Errorf("past the limit: got %v", err)
		}
		php.answer <- struct{}{}
		if err := e.check(time.Now()); err == nil {
			t.Error("one has not ended yet")
		}
		php.answer <- struct{}{}
		synctest.Wait()
		if err := e.check(time.Now()); err != nil {
			t.Errorf("all have ended: %v", err)
		}
	})
}
