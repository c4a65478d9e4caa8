// Package tests drives the real program with a real php-fpm, as its users do.
package tests

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait for something that must happen; it is long because the machine may be busy.
const patience = 20 * time.Second

// binary is the program under test, built once by TestMain with the race detector.
var binary string

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "wsbridge-tests-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil { // for tests that start it as somebody else
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	binary = filepath.Join(dir, "wsbridge")
	build := exec.Command("go", "build", "-race", "-o", binary, "github.com/wsbridge/wsbridge/cmd/wsbridge")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build wsbridge:", err)
		return 1
	}
	return m.Run()
}

// server is a running wsbridge with an application of the test's own.
type server struct {
	t       *testing.T
	cmd     *exec.Cmd
	dir     string      // holds the application, its settings and the pipe
	address string      // host:port
	trust   *tls.Config // of its clients; nil: they speak no TLS
	log     *logBook
	exited  chan error
	stopped bool
	owner   *syscall.Credential // who it runs as; nil: who the tests do
}

// app is what a test runs: a handler file, and what differs from the defaults.
type app struct {
	handlers string   // PHP, without the opening tag; ws_server_authenticate is added if missing
	settings string   // further lines of the legacy settings file
	toml     string   // if not empty: served by --config, with the settings file as [legacy] settings
	args     []string // further arguments
}

// serve starts wsbridge and waits until it listens. The test's end stops it and fails the test if that does not work.
func serve(t *testing.T, a app) *server {
	t.Helper()
	s := prepare(t, a)
	s.run(a)
	return s
}

// run starts the prepared application and waits until wsbridge listens.
func (s *server) run(a app) {
	s.t.Helper()
	s.start(s.arguments(a)...)
	s.address = s.log.wait("listening")["address"].(string)
}

// prepare writes the application's files. Their folder can be read by php-fpm's user.
func prepare(t *testing.T, a app) *server {
	t.Helper()
	dir, err := os.MkdirTemp("", "wsbridge-app-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, dir: dir}
	handlers := a.handlers
	if !strings.Contains(handlers, "ws_server_authenticate") {
		handlers += "\nfunction ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { return True; }\n"
	}
	s.write("push_server_events.php", "<?php\n"+handlers)
	s.write("server_shared.conf", s.settings(a.settings))
	if a.toml != "" {
		s.write("wsbridge.toml", fmt.Sprintf("[legacy]\nsettings = %q\n%s", s.path("server_shared.conf"), a.toml))
	}
	return s
}

// settings returns the settings file's text: more, and what it does not set itself.
func (s *server) settings(more string) string {
	lines := []string{
		"WEBSOCKET_LISTENING_ADDRESS=127.0.0.1",
		"WEBSOCKET_LISTENING_PORT=0",
		"WEBSOCKET_SELECT_TIMEOUT=200000",
		"WEBSOCKET_SERVER_HEADER=SimplePHPWS",
		"WEBSOCKET_XHR_PIPE_FILE=" + s.path("ws_notify"),
		"WEBSOCKET_EVENTS_INCLUDE_FILE=" + s.path("push_server_events.php"),
		"WEBSOCKET_LOG_PATH=" + s.path("") + "/",
		"DB_PASSWORD=se=cr=et",
	}
	lines = slices.DeleteFunc(lines, func(line string) bool {
		key, _, _ := strings.Cut(line, "=")
		return strings.HasPrefix(more, key+"=") || strings.Contains(more, "\n"+key+"=")
	})
	return strings.Join(lines, "\n") + "\n" + more
}

func (s *server) arguments(a app) []string {
	args := []string{"serve", "--settings", s.path("server_shared.conf")}
	if a.toml != "" {
		args = []string{"serve", "--config", s.path("wsbridge.toml")}
	}
	return append(args, a.args...)
}

// in returns the server for a subtest, which is then the one that fails.
func (s *server) in(t *testing.T) *server {
	sub := *s
	sub.t = t
	return &sub
}

func (s *server) path(name string) string { return filepath.Join(s.dir, name) }

func (s *server) write(name, content string) {
	s.t.Helper()
	// Written beside and renamed, as a deployment does: php must never see half a file.
	temp := s.path(name + ".new")
	if err := os.WriteFile(temp, []byte(content), 0o644); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(temp, s.path(name)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *server) read(name string) string {
	s.t.Helper()
	b, err := os.ReadFile(s.path(name))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(b)
}

// readIfThere is read for a file that may still have to be made.
func (s *server) readIfThere(name string) string {
	b, _ := os.ReadFile(s.path(name))
	return string(b)
}

// start runs the program; its standard error is the log book.
func (s *server) start(args ...string) {
	s.t.Helper()
	s.launch(exec.Command(binary, args...))
}

// launch is start for a command that becomes the program.
func (s *server) launch(cmd *exec.Cmd) {
	s.t.Helper()
	more := cmd.Env
	s.cmd = cmd
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.owner}
	s.cmd.Env = append(os.Environ(), "GORACE=halt_on_error=1 exitcode=66 atexit_sleep_ms=0",
		"RUNTIME_DIRECTORY="+s.path("")) // of its own, so that each has its control socket
	s.cmd.Env = append(s.cmd.Env, more...)
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.log = newLogBook(s.t)
	s.exited = make(chan error, 1)
	go func() {
		s.log.read(stderr)
		s.exited <- s.cmd.Wait()
	}()
	s.t.Cleanup(func() {
		if !s.stopped {
			s.stop()
		}
		if s.t.Failed() {
			s.t.Log(s.log.text())
		}
	})
}

// stop sends SIGTERM and returns the exit status.
func (s *server) stop() int {
	s.t.Helper()
	s.signal(syscall.SIGTERM)
	return s.wait()
}

func (s *server) signal(sig os.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Errorf("signal wsbridge: %v", err)
	}
}

// wait returns the exit status; a program that does not exit is killed and fails the test.
func (s *server) wait() int {
	s.t.Helper()
	select {
	case <-s.exited:
	case <-time.After(2 * patience):
		s.t.Error("wsbridge did not exit")
		s.signal(syscall.SIGQUIT) // its goroutines go to the log
		<-s.exited
	}
	s.stopped = true
	if text := s.log.text(); strings.Contains(text, "DATA RACE") {
		s.t.Error("the race detector found a race")
	}
	return s.cmd.ProcessState.ExitCode()
}

// wantError looks for a line that says why the program has ended.
func (s *server) wantError(parts ...string) {
	s.t.Helper()
	for line := range strings.Lines(s.log.text()) {
		missing := slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(line, part) })
		if strings.HasPrefix(line, "wsbridge: ") && !missing {
			return
		}
	}
	s.t.Errorf("no error line with %q in:\n%s", parts, s.log.text())
}

// pipe writes to the named pipe as the web application does: open, write, close.
func (s *server) pipe(document string) {
	s.t.Helper()
	f, err := os.OpenFile(s.path("ws_notify"), os.O_RDWR, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(document); err != nil {
		s.t.Fatal(err)
	}
}

// eventually waits for a condition that nothing announces.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for timeout := time.After(patience); !ok(); {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatalf("did not happen: %s", what)
		}
	}
}

// freePort returns a port that was free a moment ago, for programs that cannot say which they got.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// remove takes a file of the application's away.
func (s *server) remove(name string) error { return os.Remove(s.path(name)) }
