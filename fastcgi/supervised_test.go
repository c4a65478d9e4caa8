package fastcgi

import (
	"errors"
	"os"
	"os/user"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/fastcgi/phpfpm"
	"github.com/wsbridge/wsbridge/protocol"
)

func (s site) supervised(t *testing.T, cfg phpfpm.Config) *phpfpm.Process {
	t.Helper()
	cfg.Dir = s.dir
	p, err := phpfpm.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func TestSettingsReachPHP(t *testing.T) {
	s := newSite(t)
	odd := `a;b "c" $d ${HOME} \n=[e]`
	s.supervised(t, phpfpm.Config{MemoryLimit: "77M", INI: map[string]string{
		"date.timezone": "Europe/Berlin", "user_agent": odd, "opcache.memory_consumption": "33", "sendmail_from": "it's",
	}})
	c := s.client(t)
	for name, want := range map[string]string{
		"memory_limit": "77M", "date.timezone": "Europe/Berlin", "user_agent": odd, "opcache.memory_consumption": "33",
		"sendmail_from": "it's", "output_buffering": "0", "display_errors": "0", "max_execution_time": "0",
		"error_reporting": "32767",
	} {
		var got string
		if askJSON(t, c, nil, "ini:"+name, &got); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestWorkersHaveOurEnvironment(t *testing.T) {
	t.Setenv("WSBRIDGE_TEST_DATABASE", "db.example.org")
	t.Setenv("NOTIFY_SOCKET", "/nowhere")
	s := newSite(t)
	s.supervised(t, phpfpm.Config{})
	c := s.client(t)
	for name, want := range map[string]string{"WSBRIDGE_TEST_DATABASE": `"db.example.org"`, "NOTIFY_SOCKET": "false", "FPM_SOCKETS": `"taken"`} {
		if got := mustAsk(t, c, "getenv:"+name).result; got != want {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

func TestWorkersAreNotRootUnlessTold(t *testing.T) {
	want := strconv.Itoa(os.Geteuid())
	if want == "0" {
		u, err := user.Lookup("www-data")
		if err != nil {
			t.Fatal(err)
		}
		want = u.Uid
	}
	self, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"": want, self.Username: self.Uid} {
		s := newSite(t)
		p := s.supervised(t, phpfpm.Config{User: name, Workers: 1})
		if got := mustAsk(t, s.client(t), "whoami:").result; got != want {
			t.Errorf("user %q: workers run as %s, want %s", name, got, want)
		}
		p.Close()
	}
}

func TestDeployedCodeIsSeenAtTheNextEvent(t *testing.T) {
	s := newSite(t)
	s.supervised(t, phpfpm.Config{Workers: 1, INI: map[string]string{"opcache.file_update_protection": "0"}})
	c := s.client(t)
	old := time.Now().Add(-time.Hour)
	for i := range 3 { // a folder of its own for each version, and a link to the current one
		folder := s.path("release" + strconv.Itoa(i))
		file := folder + "/code.php"
		code := "<?php return " + strconv.Itoa(i) + ";"
		err := errors.Join(os.Mkdir(folder, 0o755), os.WriteFile(file, []byte(code), 0o644), os.Chtimes(file, old, old),
			os.Symlink(folder, s.path("next")), os.Rename(s.path("next"), s.path("current")))
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, folder+" runs", func() bool {
			return mustAsk(t, c, "include:"+s.path("current/code.php")).result == strconv.Itoa(i)
		})
	}
	file := s.path("current/code.php")
	for i := range 3 { // the same file changed in place
		changed := old.Add(time.Duration(i+1) * time.Minute)
		err := errors.Join(os.WriteFile(file, []byte("<?php return 1"+strconv.Itoa(i)+";"), 0o644), os.Chtimes(file, changed, changed))
		if err != nil {
			t.Fatal(err)
		}
		if got := mustAsk(t, c, "include:"+file).result; got != "1"+strconv.Itoa(i) {
			t.Errorf("change %d: got %s", i, got)
		}
	}
}

func TestAHandlerThatLoopsEnds(t *testing.T) {
	s := newSite(t)
	s.supervised(t, phpfpm.Config{Workers: 1, Timeout: 100 * time.Millisecond, Idle: 100 * time.Millisecond})
	c := s.client(t, func(cfg *Config) { cfg.Timeout, cfg.IdleTimeout = 100*time.Millisecond, 100*time.Millisecond })
	_, err := ask(t.Context(), c, nil, "loop:"+s.spool("pid"))
	if !errors.Is(err, protocol.ErrTimeout) {
		t.Errorf("got %v", err)
	}
	pid := readPID(t, s.spool("pid"))
	eventually(t, "php-fpm ends the worker", func() bool { return syscall.Kill(pid, 0) != nil })
	eventually(t, "the next worker answers", func() bool { _, err := ask(t.Context(), c, nil, "echo:a"); return err == nil })
}

func TestCloseEndsAHandlerThatLoops(t *testing.T) {
	s := newSite(t)
	p := s.supervised(t, phpfpm.Config{Workers: 2})
	c := s.client(t, func(cfg *Config) { cfg.Timeout, cfg.IdleTimeout = 100*time.Millisecond, 100*time.Millisecond })
	_, err := ask(t.Context(), c, nil, "loop:"+s.spool("pid"))
	if !errors.Is(err, protocol.ErrTimeout) {
		t.Errorf("got %v", err)
	}
	pid := readPID(t, s.spool("pid"))
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if err := syscall.Kill(pid, 0); err == nil {
		t.Errorf("worker %d outlives Close", pid)
	}
}

// php-fpm counts the time of a request on a kept connection from the end of the one before.
func TestAnIdleConnectionsWorkerLives(t *testing.T) {
	s := newSite(t)
	const timeout, idle = 2 * time.Second, 3500 * time.Millisecond
	p := s.supervised(t, phpfpm.Config{Workers: 1, Timeout: timeout, Idle: idle})
	c := s.client(t, func(cfg *Config) { cfg.IdleTimeout = idle })
	first := mustAsk(t, c, "pid:").result
	deadline := time.Now().Add(idle - 100*time.Millisecond)
	eventually(t, "the connection was idle for long", func() bool { return time.Now().After(deadline) })
	a := mustAsk(t, c, "pid:", "call:usleep_half_a_second")
	if strings.TrimSpace(a.result) == "" || mustAsk(t, c, "pid:").result != first || p.PID() == 0 {
		t.Errorf("worker %s was ended", first)
	}
}

// While one connection is used again at once, the worker of another would never be free.
func TestAWorkerIsSharedWithConnectionsThatWait(t *testing.T) {
	s := newSite(t)
	s.supervised(t, phpfpm.Config{Workers: 1})
	c := s.client(t, func(cfg *Config) { cfg.MaxConnections = 3 })
	mustAsk(t, c, "echo:a") // the worker's connection
	var ended atomic.Bool
	var busy sync.WaitGroup
	for range 2 { // one more than there are workers, so that no connection is idle
		busy.Go(func() {
			for !ended.Load() {
				if _, err := ask(t.Context(), c, nil, "call:usleep_half_a_second"); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	time.Sleep(100 * time.Millisecond)
	for range 2 {
		mustAsk(t, c, "echo:b")
	}
	ended.Store(true)
	busy.Wait()
}
