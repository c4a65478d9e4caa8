package harness

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
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Server is a running wsbridge.
type Server struct {
	Address string      // host:port
	Trust   *tls.Config // of its clients; nil: they speak no TLS
	Dir     string      // holds the application, the control socket and the pipe; its handlers may write there

	tb     testing.TB
	cmd    *exec.Cmd
	exited chan error

	mu  sync.Mutex // guards log
	log bytes.Buffer
}

// Serve starts wsbridge with the handlers, PHP, and the configuration's further lines, TOML, and waits until it listens. The
// test's end stops it, and fails the test unless it drains in time, which is when no goroutine of a client is left.
func Serve(tb testing.TB, handlers, toml string) *Server {
	tb.Helper()
	s := &Server{Dir: PublicDir(tb), tb: tb, exited: make(chan error, 1)}
	events, config := s.Path("push_server_events.php"), s.Path("wsbridge.toml")
	toml = fmt.Sprintf("php.events_file = %q\nserver.listen = \"127.0.0.1:0\"\npipe.path = %q\npipe.mode = \"0666\"\n"+
		"control.listen = %q\n%s", events, s.Path("pipe"), "unix:"+s.Path("control.sock"), toml)
	for path, content := range map[string]string{events: handlers, config: toml} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	s.start(config)
	return s
}

// PublicDir is a folder that php-fpm's user can use.
func PublicDir(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "wsbridge-app-")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		tb.Fatal(err)
	}
	return dir
}

// Echo is an application that sends back what it gets.
func Echo(tb testing.TB) string {
	tb.Helper()
	_, here, _, _ := runtime.Caller(0)
	handlers, err := os.ReadFile(filepath.Join(filepath.Dir(here), "../../deploy/autobahn/push_server_events.php"))
	if err != nil {
		tb.Fatal(err)
	}
	return string(handlers)
}

// Path is that of a file in the server's folder.
func (s *Server) Path(name string) string { return filepath.Join(s.Dir, name) }

// PID is the process's.
func (s *Server) PID() int { return s.cmd.Process.Pid }

func (s *Server) start(config string) {
	s.tb.Helper()
	s.cmd = exec.Command(program, "serve", "--config", config)
	s.cmd.Env = append(os.Environ(), "GORACE=halt_on_error=1 exitcode=66 atexit_sleep_ms=0")
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		s.tb.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		s.tb.Fatal(err)
	}
	listening := make(chan string, 1)
	go func() {
		s.readLog(stderr, listening)
		s.exited <- s.cmd.Wait()
	}()
	s.tb.Cleanup(s.stop)
	select {
	case s.Address = <-listening:
	case <-time.After(Patience):
	}
	if s.Address == "" {
		s.tb.Fatalf("wsbridge does not listen:\n%s", s.Log())
	}
}

// readLog keeps the log and finds the address in it; the end of the log without one is an empty address.
func (s *Server) readLog(r io.Reader, listening chan<- string) {
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

// Log is what wsbridge has logged so far.
func (s *Server) Log() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

func (s *Server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.exited:
	case <-time.After(Patience):
		s.tb.Error("wsbridge does not exit")
		_ = s.cmd.Process.Signal(syscall.SIGQUIT) // its goroutines go to the log
		<-s.exited
	}
	if code := s.cmd.ProcessState.ExitCode(); code != 0 || strings.Contains(s.Log(), "DATA RACE") {
		s.tb.Errorf("wsbridge exited with %d", code)
	}
	if s.tb.Failed() {
		s.tb.Log(lastOf(s.Log()))
	}
}

// lastOf is the end of a log, which can be long when thousands of clients came.
func lastOf(log string) string {
	const most = 64 << 10
	if len(log) > most {
		return "…" + log[len(log)-most:]
	}
	return log
}
