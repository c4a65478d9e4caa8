package phpfpm

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// ask connects to a pool and writes a request for its status page.
func ask(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("unix", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	_, err = c.Write(fastCGIRequest(map[string]string{"REQUEST_METHOD": "GET", "SCRIPT_NAME": statusPath, "SCRIPT_FILENAME": statusPath}))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A php-fpm that ends by itself removes the files of its sockets, by the names that it knows.
func TestConnectionsWaitForTheNextPHP(t *testing.T) {
	p := start(t, func(c *Config) { c.Workers, c.Residents = 1, 1 })
	addresses := []string{p.Address(), p.ResidentAddress()}
	if _, status, _ := p.StatusPage(); !slices.Contains(addresses, status) {
		addresses = append(addresses, status)
	}
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGQUIT, syscall.SIGTERM} {
		pid := p.PID()
		if err := syscall.Kill(pid, sig); err != nil {
			t.Fatal(err)
		}
		eventually(t, "it is told", func() bool { return p.Away() != nil })
		if p.Refused() != nil || p.Missing() != "" {
			t.Errorf("%v: refused: %v, missing: %q", sig, p.Refused(), p.Missing())
		}
		var asked []net.Conn
		for _, address := range addresses {
			asked = append(asked, ask(t, address))
		}
		for i, c := range asked {
			answer, err := io.ReadAll(c)
			if err != nil || len(answer) == 0 {
				t.Errorf("%v: %s: got %q, %v", sig, addresses[i], answer, err)
			}
		}
		eventually(t, "another is told", func() bool { return p.Away() == nil })
		if p.PID() == pid {
			t.Error("no other php-fpm")
		}
	}
}

// Also a php-fpm that is reloaded by somebody else hands its sockets on.
func TestSocketsSurviveAReload(t *testing.T) {
	p := start(t)
	eventually(t, "workers", func() bool { return len(group(t, p.PID())) == 4 })
	before := slices.DeleteFunc(group(t, p.PID()), func(pid int) bool { return pid == p.PID() }) // the master keeps its process id
	if err := syscall.Kill(p.PID(), syscall.SIGUSR2); err != nil {
		t.Fatal(err)
	}
	eventually(t, "other workers", func() bool {
		now := group(t, p.PID())
		return len(now) == 4 && !slices.ContainsFunc(now, func(pid int) bool { return slices.Contains(before, pid) })
	})
	if answer, err := io.ReadAll(ask(t, p.Address())); err != nil || len(answer) == 0 {
		t.Errorf("got %q, %v", answer, err)
	}
}

func TestConnectionsDoNotWaitForEver(t *testing.T) {
	dir := t.TempDir()
	binary := filepath.Join(dir, "php-fpm")
	php, err := Find("")
	if err != nil {
		t.Fatal(err)
	}
	text := "#!/bin/sh\n[ -e " + binary + ".broken ] && { echo broken >&2; exit 1; }\nexec " + php + " \"$@\"\n"
	if err := os.WriteFile(binary, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	p := start(t, func(c *Config) { c.Binary = binary })
	if err := os.WriteFile(binary+".broken", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(p.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is told", func() bool { return p.Away() != nil })
	waiting := ask(t, p.Address())
	if n, err := waiting.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %d, %v; want what says that nothing was read", n, err)
	}
	if err := p.Refused(); err == nil {
		t.Error("connections may be made")
	}
	if err := os.Remove(binary + ".broken"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "php-fpm is there again", func() bool { return p.Away() == nil && p.Refused() == nil })
	if answer, err := io.ReadAll(ask(t, p.Address())); err != nil || len(answer) == 0 {
		t.Errorf("got %q, %v", answer, err)
	}
}

func TestSocketsEndWithTheProcess(t *testing.T) {
	p := start(t)
	for _, l := range p.sockets {
		if info, err := os.Stat(l.path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info, err)
		}
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	for _, l := range p.sockets {
		if _, err := os.Stat(l.path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there: %v", l.path, err)
		}
	}
}
