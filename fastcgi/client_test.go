package fastcgi

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

func TestRunCarriesPayloadsOfEverySize(t *testing.T) {
	s := newSite(t)
	s.own(t, 1)
	c := s.client(t)
	for _, size := range []int{0, 1, 65_400, 65_528, 65_535, 65_536, 131_056, 1 << 20, 16 << 20} {
		want := strings.Repeat("é", size/2) + strings.Repeat("x", size%2)
		a := mustAsk(t, c, "echo:"+want)
		if len(a.sent) != 1 || a.sent[0] != want {
			t.Errorf("%d bytes did not come back whole", size)
		}
	}
}

func TestRunKeepsConnections(t *testing.T) {
	s := newSite(t)
	s.own(t, 3)
	c := s.client(t)
	first := mustAsk(t, c, "pid:").result
	for range 20 {
		if pid := mustAsk(t, c, "pid:").result; pid != first {
			t.Fatalf("worker %s, then %s", first, pid)
		}
	}
}

func TestRunTakesSeveralEvents(t *testing.T) {
	s := newSite(t)
	s.own(t, 1)
	c := s.client(t)
	a := mustAsk(t, c, "echo:a", "failed:exception", "print:out", "echo:b")
	if got := strings.Join(a.sent, ""); got != "ab" || len(a.ends) != 4 || a.failed == nil || len(a.stray) != 1 {
		t.Errorf("got %+v", a)
	}
}

func TestEffectsArriveWhileTheScriptRuns(t *testing.T) {
	s := newSite(t)
	s.own(t, 1)
	c := s.client(t)
	opened := false
	var a answer
	err := c.Run(t.Context(), func(e *protocol.Effect) error {
		if e.Send != nil { // the script goes on only after this
			opened = true
			if err := os.WriteFile(s.spool("gate"), nil, 0o666); err != nil {
				return err
			}
		}
		return a.take(e)
	}, &protocol.Event{Kind: protocol.Text, Seq: 1, Payload: []byte("gate:" + s.spool("gate"))})
	if err != nil || !opened || len(a.ends) != 1 {
		t.Errorf("got %v, %+v", err, a)
	}
}

func TestUnfinishedAnswersAreErrors(t *testing.T) {
	s := newSite(t)
	s.own(t, 2)
	c := s.client(t, func(cfg *Config) { cfg.MaxPayload = 100 })
	for _, test := range []struct {
		payloads []string
		want     error
		text     string
	}{
		{[]string{"exit:0"}, protocol.ErrCutOff, "event 1 has no done"},
		{[]string{"echo:a", "exit:3", "echo:b"}, protocol.ErrCutOff, "event 2 has no done"},
		{[]string{"call:no_such_function"}, protocol.ErrCutOff, "status 500"},
		{[]string{"kill:"}, protocol.ErrCutOff, ""},
		{[]string{"seq:2"}, protocol.ErrMalformed, "effect of event 2 in event 1"},
		{[]string{"seq:2", "echo:"}, protocol.ErrMalformed, "effect of event 2 in event 1"},
		{[]string{"twice:"}, protocol.ErrMalformed, "after the last event's end"},
		{[]string{"twice:", "echo:"}, protocol.ErrMalformed, "effect of event 1 in event 2"},
		{[]string{"token:{"}, protocol.ErrMalformed, ""},
		{[]string{`token:{"seq":1}`}, protocol.ErrMalformed, ""},
		{[]string{"size:101"}, protocol.ErrMalformed, "limit 100"},
		{[]string{"status:404", "exit:0"}, protocol.ErrCutOff, "status 404"},
		{[]string{"status:404", "raw:File not found.\n", "exit:0"}, protocol.ErrCutOff, "status 404"},
	} {
		_, err := ask(t.Context(), c, nil, test.payloads...)
		if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%q: got %v, want %v with %q", test.payloads, err, test.want, test.text)
		}
		if a := mustAsk(t, c, "echo:fine"); a.sent[0] != "fine" {
			t.Errorf("after %q: got %+v", test.payloads, a)
		}
	}
}

func TestWorkerKilledInMidEventIsNoticedAtOnce(t *testing.T) {
	s := newSite(t)
	s.own(t, 1)
	c := s.client(t)
	result := make(chan error)
	started := time.Now()
	go func() {
		_, err := ask(t.Context(), c, nil, "loop:"+s.spool("pid"))
		result <- err
	}()
	if err := syscall.Kill(readPID(t, s.spool("pid")), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := <-result; !errors.Is(err, protocol.ErrCutOff) || time.Since(started) >= c.cfg.Timeout {
		t.Errorf("got %v after %v", err, time.Since(started))
	}
	mustAsk(t, c, "echo:next")
}

func TestSlowScriptsEndInTime(t *testing.T) {
	s := newSite(t)
	s.own(t, 3)
	cause := errors.New("client went away")
	cancelled := func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancelCause(ctx)
		return ctx, func() { cancel(cause) }
	}
	deadline := func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithTimeout(ctx, 50*time.Millisecond)
	}
	for name, test := range map[string]struct {
		timeout time.Duration
		context func(context.Context) (context.Context, context.CancelFunc)
		cancel  bool
		want    error
	}{
		"timeout":         {50 * time.Millisecond, context.WithCancel, false, protocol.ErrTimeout},
		"caller deadline": {time.Minute, deadline, false, protocol.ErrTimeout},
		"cancel":          {time.Minute, cancelled, true, cause},
	} {
		t.Run(name, func(t *testing.T) {
			c := s.client(t, func(cfg *Config) { cfg.Timeout = test.timeout })
			ctx, cancel := test.context(t.Context())
			defer cancel()
			err := c.Run(ctx, func(*protocol.Effect) error {
				if test.cancel {
					cancel()
				}
				return nil
			}, &protocol.Event{Kind: protocol.Text, Seq: 1, Payload: []byte("gate:" + s.spool("never"))})
			if !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
	if err := os.WriteFile(s.spool("never"), nil, 0o666); err != nil { // lets the workers go
		t.Fatal(err)
	}
}

// A connection stays bound to a context while it is idle.
func TestTheEndOfAContextSparesLaterExchanges(t *testing.T) {
	s := newSite(t)
	s.own(t, 1)
	c := s.client(t, func(cfg *Config) { cfg.MaxConnections = 1 })
	for range 200 {
		ctx, cancel := context.WithCancel(t.Context())
		if _, err := ask(ctx, c, nil, "echo:a"); err != nil {
			t.Fatal(err)
		}
		go cancel()
		mustAsk(t, c, "echo:b")
		cancel()
		mustAsk(t, c, "echo:c")
	}
}

func TestErrorOfApplyIsReturnedUnchanged(t *testing.T) {
	s := newSite(t)
	s.own(t, 1)
	c := s.client(t)
	for _, want := range []error{errors.New("no room"), os.ErrDeadlineExceeded, protocol.ErrOverloaded} {
		err := c.Run(t.Context(), func(*protocol.Effect) error { return want },
			&protocol.Event{Kind: protocol.Text, Seq: 1, Payload: []byte("echo:a")})
		if err != want { //nolint:errorlint // the very same
			t.Errorf("got %v, want %v", err, want)
		}
		mustAsk(t, c, "echo:next")
	}
}

func TestPanicInApplyFreesTheConnection(t *testing.T) {
	s := newSite(t)
	s.own(t, 1)
	c := s.client(t, func(cfg *Config) { cfg.MaxConnections = 1 })
	func() {
		defer func() { _ = recover() }()
		_ = c.Run(t.Context(), func(*protocol.Effect) error { panic("bug") },
			&protocol.Event{Kind: protocol.Text, Seq: 1, Payload: []byte("echo:a")})
	}()
	mustAsk(t, c, "echo:next")
}

// Neither php-fpm nor a timeout can end an exchange whose apply does not return.
func TestAnExchangeThatDoesNotEndIsOverdue(t *testing.T) {
	s := newSite(t)
	s.own(t, 2)
	c := s.client(t, func(cfg *Config) { cfg.Timeout = 2 * time.Second })
	mustAsk(t, c, "echo:a") // leaves an idle connection, which is never overdue
	release, ended := make(chan struct{}), make(chan error)
	go func() {
		ended <- c.Run(t.Context(), func(*protocol.Effect) error { <-release; return nil },
			&protocol.Event{Kind: protocol.Text, Seq: 1, Payload: []byte("echo:a")})
	}()
	eventually(t, "it is overdue", func() bool { return c.Overdue(time.Now()) > time.Second })
	close(release)
	if err := <-ended; err != nil && !errors.Is(err, protocol.ErrTimeout) {
		t.Error(err)
	}
	if late := c.Overdue(time.Now().Add(time.Hour)); late != 0 {
		t.Errorf("%v late, although nothing runs", late)
	}
}

func TestRefusedScriptsAreNamed(t *testing.T) {
	s := newSite(t)
	s.own(t, 1)
	if err := os.WriteFile(s.path("entry.inc"), []byte("<?php"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, script := range []string{"missing.php", "entry.inc", "spool"} {
		c := s.client(t, func(cfg *Config) { cfg.Script = s.path(script) })
		_, err := ask(t.Context(), c, nil, "echo:a")
		var refused *ScriptError
		if !errors.As(err, &refused) || refused.Script != s.path(script) || !errors.Is(err, protocol.ErrUnavailable) {
			t.Errorf("%s: got %v", script, err)
		}
	}
}

func TestErrorStreamIsLogged(t *testing.T) {
	s := newSite(t)
	s.own(t, 1)
	var log bytes.Buffer
	c := s.client(t, func(cfg *Config) { // what the script writes is what it was sent
		cfg.Logger, cfg.LogPayloads = slog.New(slog.NewTextHandler(&log, nil)), true
	})
	mustAsk(t, c, "stderr:one\ntwo TOKEN {}", "stderr:"+strings.Repeat("x\n", 300), "stderr:"+strings.Repeat("y", 9000))
	got := log.String()
	for _, want := range []string{"level=WARN", "one\"", "two ", "too many lines"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %.600s", want, got)
		}
	}
	if lines := strings.Count(got, "\n"); lines != maxStderrLines+1 {
		t.Errorf("%d lines", lines)
	}
}

func TestManyCallersShareFewWorkers(t *testing.T) {
	s := newSite(t)
	s.own(t, 4)
	c := s.client(t, func(cfg *Config) { cfg.MaxConnections = 4 })
	var wg sync.WaitGroup
	for caller := range 64 {
		wg.Go(func() {
			for i := range 25 {
				want := strconv.Itoa(caller) + "/" + strconv.Itoa(i)
				a, err := ask(t.Context(), c, nil, "echo:"+want)
				if err != nil || len(a.sent) != 1 || a.sent[0] != want {
					t.Errorf("%s: got %+v, %v", want, a, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestRestartedPHPIsFoundAgain(t *testing.T) {
	s := newSite(t)
	f := s.foreign(t, "pm.max_children = 2")
	c := s.client(t)
	for range 3 {
		mustAsk(t, c, "echo:a")
		f.kill()
		eventually(t, "the killed worker's connection is closed", func() bool { return !idleOpen(c) })
		eventually(t, "the last worker to die has closed the listener", func() bool {
			conn, err := net.Dial(c.cfg.Network, c.cfg.Address)
			if err == nil {
				conn.Close()
			}
			return err != nil
		})
		if _, err := ask(t.Context(), c, nil, "echo:b"); !errors.Is(err, protocol.ErrUnavailable) {
			t.Errorf("php-fpm is dead, got %v", err)
		}
		f.start(t)
		mustAsk(t, c, "echo:c")
		if err := f.cmd.Process.Signal(syscall.SIGUSR2); err != nil { // reload: new workers, old connections closed
			t.Fatal(err)
		}
		eventually(t, "php-fpm closes the kept connection", func() bool { return !idleOpen(c) })
		eventually(t, "reloaded php-fpm answers", func() bool { _, err := ask(t.Context(), c, nil, "echo:d"); return err == nil })
	}
}

// idleOpen reports whether there are idle connections and all are open.
func idleOpen(c *Client) bool {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	for _, k := range c.pool.idle {
		if !k.isOpen() {
			return false
		}
	}
	return len(c.pool.idle) > 0
}
