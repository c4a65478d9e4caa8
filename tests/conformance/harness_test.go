// Package conformance holds the real program, with a real php-fpm and an echo handler in PHP, to RFC 6455 and RFC 7692, frame
// by frame. Subtests are named for the cases of the Autobahn test suite that ask the same; those that it does not have are
// named in words. deploy/autobahn runs the original.
package conformance

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait for something that must happen; it is long because the machine may be busy.
const patience = 60 * time.Second

// program is what is under test, built once by TestMain with the race detector.
var program string

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "wsbridge-conformance-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "wsbridge")
	build := exec.Command("go", "build", "-race", "-o", program, "github.com/wsbridge/wsbridge/cmd/wsbridge")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build wsbridge:", err)
		return 1
	}
	return m.Run()
}

// echo is an application that sends back what it gets.
func echo(t *testing.T) string {
	t.Helper()
	handlers, err := os.ReadFile("../../deploy/autobahn/push_server_events.php")
	if err != nil {
		t.Fatal(err)
	}
	return string(handlers)
}

// server is a running wsbridge.
type server struct {
	t       *testing.T
	cmd     *exec.Cmd
	address string      // host:port
	trust   *tls.Config // of its clients; nil: they speak no TLS
	exited  chan error

	mu  sync.Mutex // guards log
	log bytes.Buffer
}

// serve starts wsbridge with the handlers, PHP, and the configuration's further lines, TOML, and waits until it listens. The
// test's end stops it.
func serve(t *testing.T, handlers, toml string) *server {
	t.Helper()
	dir := publicDir(t)
	events, config := filepath.Join(dir, "push_server_events.php"), filepath.Join(dir, "wsbridge.toml")
	toml = fmt.Sprintf("php.events_file = %q\nserver.listen = \"127.0.0.1:0\"\n%s", events, toml)
	for path, content := range map[string]string{events: handlers, config: toml} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := &server{t: t, cmd: exec.Command(program, "serve", "--config", config), exited: make(chan error, 1)}
	s.cmd.Env = append(os.Environ(), "GORACE=halt_on_error=1 exitcode=66 atexit_sleep_ms=0")
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	listening := make(chan string, 1)
	go func() {
		s.readLog(stderr, listening)
		s.exited <- s.cmd.Wait()
	}()
	t.Cleanup(s.stop)
	if s.address = <-listening; s.address == "" {
		t.Fatal("wsbridge does not listen")
	}
	return s
}

// publicDir is a folder that php-fpm's user can read.
func publicDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "wsbridge-app-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// readLog keeps the log and finds the address in it; the end of the log without one is an empty address.
func (s *server) readLog(r io.Reader, listening chan<- string) {
	defer close(listening)
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for found := false; lines.Scan(); {
		s.mu.Lock()
		s.log.Write(append(lines.Bytes(), '\n'))
		s.mu.Unlock()
		var line struct{ Msg, Address string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "listening" && !found {
			listening <- line.Address
			found = true
		}
	}
}

func (s *server) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// stop fails the test unless wsbridge drains in time and without a race.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.exited:
	case <-time.After(patience):
		s.t.Error("wsbridge does not exit")
		_ = s.cmd.Process.Kill()
		<-s.exited
	}
	if code := s.cmd.ProcessState.ExitCode(); code != 0 || strings.Contains(s.text(), "DATA RACE") {
		s.t.Errorf("wsbridge exited with %d", code)
	}
	if s.t.Failed() {
		s.t.Log(s.text())
	}
}

// emptyText makes an empty text an event, as Autobahn's echo server has it. The original server kept it from handlers.
const emptyText = "server.empty_text = true\n"
