package phpfpm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestASlowPHPStarts(t *testing.T) {
	t.Parallel()
	real, err := Find("")
	if err != nil {
		t.Fatal(err)
	}
	slow := filepath.Join(t.TempDir(), "php-fpm")
	if err := os.WriteFile(slow, []byte("#!/bin/sh\n[ \"$1\" != -v ] || sleep 11\nexec "+real+" \"$@\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	var log safeBuffer
	start(t, func(c *Config) { c.Binary, c.Logger = slow, slog.New(slog.NewTextHandler(&log, nil)) })
	if want := `msg="the start waits for php-fpm" for="` + slow + ` -v"`; strings.Count(log.String(), want) != 1 {
		t.Errorf("log: %s", log.String())
	}
}

func TestAStartThatIsNotWantedDoesNotWaitForPHP(t *testing.T) {
	stuck := filepath.Join(t.TempDir(), "php-fpm")
	if err := os.WriteFile(stuck, []byte("#!/bin/sh\ntouch "+stuck+".runs\nsleep 1000\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	result := make(chan error)
	go func() {
		_, err := Start(ctx, Config{Dir: t.TempDir(), Binary: stuck})
		result <- err
	}()
	eventually(t, "it runs", func() bool { _, err := os.Stat(stuck + ".runs"); return err == nil })
	cancel(cause)
	if err := <-result; !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
}

func TestAnIdleProcessOfTheStatusPageEndsSilently(t *testing.T) {
	t.Parallel()
	var log safeBuffer
	p := start(t, func(c *Config) {
		c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	_, address, _ := p.StatusPage()
	if address == p.Address() {
		t.Skip("before PHP 8.0 the status page has no process of its own")
	}
	if !accepts(address) {
		t.Fatal("does not accept")
	}
	// php-fpm asks it to end when it has been idle, and kills it if it has not, which it cannot while it is stopped.
	eventually(t, "a kill", func() bool {
		for _, pid := range group(t, p.PID()) {
			title, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)) // it may have ended
			if bytes.Contains(title, []byte("pool wsbridge_status")) && syscall.Kill(pid, syscall.SIGSTOP) != nil {
				t.Logf("%d has ended", pid)
			}
		}
		return strings.Contains(log.String(), "exited on signal 9")
	})
	if strings.Contains(log.String(), "level=WARN") {
		t.Errorf("log: %s", log.String())
	}
}
