package phpfpm

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// parentDir makes the test binary a program that runs php-fpm in that folder until it is killed.
const parentDir = "PHPFPM_TEST_PARENT_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(parentDir); dir != "" {
		beParent(dir)
		return
	}
	goleak.VerifyTestMain(m)
}

func beParent(dir string) {
	p, err := Start(context.Background(), Config{Dir: dir, Workers: 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.PID())
	_, _ = io.Copy(io.Discard, os.Stdin) // for ever
	p.Close()
}

func start(t *testing.T, change ...func(*Config)) *Process {
	t.Helper()
	cfg := Config{Dir: t.TempDir(), Workers: 3}
	for _, f := range change {
		f(&cfg)
	}
	p, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// group returns the living processes of a process group.
func group(t *testing.T, pgid int) (pids []int) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, stat := range stats {
		b, err := os.ReadFile(stat)
		if err != nil {
			continue // gone meanwhile
		}
		name := bytes.LastIndexByte(b, ')') // proc(5): pid (name) state ppid pgrp
		fields := strings.Fields(string(b[name+1:]))
		if fields[2] == strconv.Itoa(pgid) && fields[0] != "Z" && fields[0] != "X" {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
			if err != nil {
				t.Fatal(err)
			}
			pids = append(pids, pid)
		}
	}
	return pids
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("timeout waiting for: %s", what)
		}
	}
}

func accepts(address string) bool {
	c, err := net.Dial("unix", address)
	if err == nil {
		c.Close()
	}
	return err == nil
}

func TestStartAndClose(t *testing.T) {
	p := start(t)
	pid := p.PID()
	if !accepts(p.Address()) || p.Workers() != 3 {
		t.Errorf("%s with %d workers does not accept", p.Address(), p.Workers())
	}
	eventually(t, "a master and three workers", func() bool { return len(group(t, pid)) >= 4 })
	if info, err := os.Stat(p.Address()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket: %v, %v", info, err)
	}
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if left := group(t, pid); len(left) > 0 {
		t.Errorf("still running: %v", left)
	}
	if accepts(p.Address()) || p.PID() != 0 {
		t.Error("still there")
	}
}

func TestAMasterThatDiesIsReplacedAndItsWorkersToo(t *testing.T) {
	var log safeBuffer
	p := start(t, func(c *Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	for range 2 {
		pid := p.PID()
		eventually(t, "workers", func() bool { return len(group(t, pid)) >= 4 })
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		eventually(t, "another master", func() bool { now := p.PID(); return now != 0 && now != pid })
		if left := group(t, pid); len(left) > 0 {
			t.Errorf("still running: %v", left)
		}
		if !accepts(p.Address()) {
			t.Error("does not accept")
		}
	}
	if !strings.Contains(log.String(), "starting it again") || !strings.Contains(log.String(), "signal: killed") {
		t.Errorf("log: %s", log.String())
	}
}

func TestNothingOutlivesAKilledParent(t *testing.T) {
	dir := t.TempDir()
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), parentDir+"="+dir)
	in, err := parent.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	master, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatalf("parent says %q", line)
	}
	eventually(t, "workers", func() bool { return len(group(t, master)) == 4 })
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait() // killed
	eventually(t, "php-fpm and its workers are gone", func() bool { return len(group(t, master)) == 0 })
}

func TestStartFailures(t *testing.T) {
	script := func(body string) string {
		path := filepath.Join(t.TempDir(), "php-fpm")
		text := "#!/bin/sh\nif [ \"$1\" = -v ]; then echo 'PHP 8.2.0 (fpm-fcgi)'; exit; fi\n" + body + "\n"
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, test := range map[string]struct {
		change func(*Config)
		text   string
	}{
		"no folder":           {func(c *Config) { c.Dir = filepath.Join(c.Dir, "missing") }, "no such file"},
		"relative folder":     {func(c *Config) { c.Dir = "run" }, "absolute"},
		"long folder":         {func(c *Config) { c.Dir = "/" + strings.Repeat("x", 100) }, "107"},
		"long with residents": {func(c *Config) { c.Dir, c.Residents = "/"+strings.Repeat("x", 93), 1 }, "resident.sock"},
		"negative":            {func(c *Config) { c.Residents = -1 }, "-1 residents"},
		"no binary":           {func(c *Config) { c.Binary = "/no/php-fpm" }, "apt install"},
		"not php-fpm":         {func(c *Config) { c.Binary = "/bin/sh" }, "/bin/sh -v"},
		"no user":             {func(c *Config) { c.User = "no-such-user" }, "no-such-user"},
		"dies": {func(c *Config) { c.Binary = script("echo '[x] ERROR: bad pool' >&2; exit 78") },
			"exit status 78: [x] ERROR: bad pool"},
	} {
		cfg := Config{Dir: t.TempDir()}
		test.change(&cfg)
		p, err := Start(t.Context(), cfg)
		if err == nil {
			p.Close()
			t.Errorf("%s: started", name)
		} else if !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestStartEndsWithItsContext(t *testing.T) {
	dir := t.TempDir()
	binary := filepath.Join(dir, "php-fpm")
	text := "#!/bin/sh\nif [ \"$1\" = -v ]; then echo 'PHP 8.2.0 (fpm-fcgi)'; exit; fi\ntouch " + dir + "/runs\nexec sleep 1000\n"
	if err := os.WriteFile(binary, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	result := make(chan error)
	go func() {
		_, err := Start(ctx, Config{Dir: dir, Binary: binary})
		result <- err
	}()
	eventually(t, "it runs", func() bool { _, err := os.Stat(filepath.Join(dir, "runs")); return err == nil })
	cancel(cause)
	if err := <-result; !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
}

func TestTheServiceManagersEnvironmentStaysHere(t *testing.T) {
	got := environment([]string{"PATH=/bin", "NOTIFY_SOCKET=/run/n", "LISTEN_FDS=1", "DB_HOST=db", "WATCHDOG_USEC=1", "ODD"})
	if !slices.Equal(got, []string{"PATH=/bin", "DB_HOST=db", "ODD"}) {
		t.Errorf("got %q", got)
	}
}

// safeBuffer is a log that a test reads while it is written.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
