package handover

import (
	"errors"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/tests/harness"
)

// command is exec.Command, for a program that goes on after the test's own functions return.
func command(program string, args ...string) *exec.Cmd { return exec.Command(program, args...) }

// install copies a program.
func install(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	fresh := to + ".new"
	if err := os.WriteFile(fresh, data, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(fresh, to); err != nil {
		t.Fatal(err)
	}
}

// script writes a program in the shell's language.
func script(t *testing.T, s *harness.Server, name, text string) string {
	t.Helper()
	s.Write(name, "#!/bin/sh\n"+text+"\n")
	path := s.Path(name)
	if err := os.Chmod(path, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// refused wants an upgrade to fail with each of parts in its error, and everything to go on.
func refused(s *harness.Server, c *harness.Client, program string, parts ...string) {
	s.T.Helper()
	before := s.PID()
	_, err := s.Control().Upgrade(s.T.Context(), program)
	answer, ok := errors.AsType[*api.Error](err)
	if !ok || answer.Status != http.StatusConflict {
		s.T.Fatalf("got %v", err)
	}
	for _, part := range parts {
		if !strings.Contains(answer.Text, part) {
			s.T.Errorf("got %q, want %q in it", answer.Text, part)
		}
	}
	if got := c.Ask("still here"); got != "still here" {
		s.T.Error(got)
	}
	if got := s.Connect().Ask("new"); got != "new" {
		s.T.Error(got)
	}
	if status, err := s.Control().Status(s.T.Context()); err != nil || status.PID != before || !status.Ready {
		s.T.Errorf("got %+v, %v", status, err)
	}
}

func TestTheServerGoesOnIfTheOtherProcessFails(t *testing.T) {
	t.Parallel()
	a := harness.App{Handlers: harness.Echo, TOML: "[server]\nupgrade_timeout = \"2m\"\n"}
	s := harness.Serve(t, a)
	c := s.Connect()
	refused(s, c, script(t, s, "crashes", "echo it crashes >&2; exit 3"), "exit status 3", "log")
	if !strings.Contains(s.Log.Text(), "it crashes") {
		t.Error("what the other process wrote is not in the log")
	}
	refused(s, c, script(t, s, "killed", "kill -SEGV $$"), "segmentation fault")
	refused(s, c, script(t, s, "talks", "echo this is no message >&3; exec sleep 1000"), "something else than messages")
	refused(s, c, s.Path("nothing"), "no such file")
	refused(s, c, s.Path(""), "is no program")
	s.Write("text", "")
	refused(s, c, s.Path("text"), "may not be started")
	for name, row := range map[string]struct{ toml, part string }{
		"a mistake":        {"[server]\nmax_message = \"many\"\n", "server.max_message"},
		"another pipe":     {"[pipe]\npath = \"" + s.Path("other") + "\"\n", "pipe.path is"},
		"another address":  {"[server]\nlisten = \"127.0.0.1:1\"\n", "server.listen is 127.0.0.1:1"},
		"another control":  {"[control]\nlisten = \"unix:" + s.Path("other.sock") + "\"\n", "control.listen is"},
		"no such php-fpm":  {"[php]\nfpm = \"/nowhere/php-fpm\"\n", "/nowhere/php-fpm"},
		"a broken handler": {"[php]\nevents_file = \"" + s.Path("broken.php") + "\"\n", "broken.php"},
	} {
		s.Write("broken.php", "<?php\nfunction (")
		s.Configure("[server]\nupgrade_timeout = \"2m\"\n" + strings.TrimPrefix(row.toml, "[server]\n"))
		t.Log(name)
		refused(s, c, "", row.part)
	}
	s.Configure(a.TOML)
	upgrade(s)
	if got := c.Ask("after"); got != "after" {
		t.Error(got)
	}
}

func TestTheServerGoesOnIfTheOtherProcessIsNotReady(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Echo, TOML: "[server]\nupgrade_timeout = \"1s\"\n"})
	refused(s, s.Connect(), script(t, s, "hangs", "exec sleep 1000"), "not ready within server.upgrade_timeout = 1s")
}

// A process that dies in the middle of the hand-over costs nothing.
func TestTheServerGoesOnIfTheOtherProcessIsKilled(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Echo})
	c := s.Connect()
	for _, moment := range []string{"taking over from another process", "application described"} {
		started, reached := s.Log.Count("another process is to take over"), s.Log.Count(moment)
		asked := make(chan error, 1)
		go func() { _, err := s.Control().Upgrade(t.Context(), ""); asked <- err }()
		harness.Eventually(t, moment, func() bool { return s.Log.Count(moment) > reached })
		if n := s.Log.Count("another process is to take over"); n != started+1 {
			t.Fatalf("%d processes were started", n-started)
		}
		pid := int(s.Log.Last("another process is to take over")["pid"].(float64))
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		if err := <-asked; err == nil || !strings.Contains(err.Error(), "signal: killed") {
			t.Errorf("killed at %q: got %v", moment, err)
		}
		if got := c.Ask("still here"); got != "still here" {
			t.Error(got)
		}
	}
	upgrade(s)
	if got := c.Ask("after"); got != "after" {
		t.Error(got)
	}
}

func TestNoUpgradeWhileAnotherOneRuns(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Echo, TOML: "[server]\nupgrade_timeout = \"60s\"\n"})
	c := s.Connect()
	waits := script(t, s, "waits", `echo it waits >&2; while [ ! -e "`+s.Path("go")+`" ]; do sleep 0.01; done`)
	first := make(chan error, 1)
	go func() { _, err := s.Control().Upgrade(t.Context(), waits); first <- err }()
	harness.Eventually(t, "the other process", func() bool { return strings.Contains(s.Log.Text(), "it waits") })
	refused(s, c, "", "an upgrade runs already")
	s.Write("go", "")
	if err := <-first; err == nil || !strings.Contains(err.Error(), "exit status 0") {
		t.Errorf("got %v", err)
	}
}

// A server that is to end does not wait for a process that does not take over.
func TestTheEndComesBeforeAnUpgrade(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Echo, TOML: "[server]\nupgrade_timeout = \"10m\"\n"})
	hangs := script(t, s, "hangs", `echo it hangs >&2; exec sleep 1000`)
	asked := make(chan error, 1)
	go func() { _, err := s.Control().Upgrade(t.Context(), hangs); asked <- err }()
	harness.Eventually(t, "the other process", func() bool { return strings.Contains(s.Log.Text(), "it hangs") })
	if status := s.Stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if err := <-asked; err == nil {
		t.Error("the upgrade has succeeded")
	}
}

// Who may operate the server may not have it run another program.
func TestTokensCannotNameAProgram(t *testing.T) {
	t.Parallel()
	s, address := harness.ServeControl(t, harness.Echo, "token_file = \"DIR/token\"\n")
	_, err := harness.NewOperator(t, address, harness.Token).Upgrade(t.Context(), script(t, s, "program", "exit 1"))
	answer, ok := errors.AsType[*api.Error](err)
	if !ok || answer.Status != http.StatusForbidden || !strings.Contains(answer.Text, "root") {
		t.Errorf("got %v", err)
	}
	if n := s.Log.Count("another process is to take over"); n != 0 {
		t.Error("a program was started")
	}
}
