package cluster

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patient is longer than anything takes on a slow machine.
const patient = 5 * time.Minute

// server is a real redis-server.
type server struct {
	tb   testing.TB
	dir  string
	port int // 0 for a unix socket
	args []string
	cmd  *exec.Cmd
	out  *bytes.Buffer
}

// startServer starts one with a unix socket. Arguments are settings.
func startServer(tb testing.TB, args ...string) *server { return startServerAt(tb, 0, args...) }

// startServerAt starts one on a port of the loopback interface.
func startServerAt(tb testing.TB, port int, args ...string) *server {
	tb.Helper()
	dir, err := os.MkdirTemp("", "redis") // a test's own folder makes the path of a socket too long
	if err != nil {
		tb.Fatal(err)
	}
	s := &server{tb: tb, dir: dir, port: port, args: args}
	tb.Cleanup(func() {
		s.kill()
		if err := os.RemoveAll(dir); err != nil {
			tb.Error(err)
		}
	})
	s.start()
	return s
}

func (s *server) socket() string { return filepath.Join(s.dir, "s") }

func (s *server) network() (string, string) {
	if s.port == 0 {
		return "unix", s.socket()
	}
	return "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port))
}

func (s *server) url() string {
	if s.port == 0 {
		return "unix://" + s.socket()
	}
	return fmt.Sprintf("redis://127.0.0.1:%d", s.port)
}

func (s *server) start() {
	s.tb.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		s.tb.Fatal(err)
	}
	args := append([]string{"--port", strconv.Itoa(s.port), "--bind", "127.0.0.1", "--unixsocket", s.socket(), "--dir", s.dir, "--save", "",
		"--loglevel", "warning", "--repl-diskless-sync-delay", "0"}, s.args...)
	if len(s.args) > 0 && strings.HasSuffix(s.args[0], ".conf") {
		args = s.args
	}
	s.cmd, s.out = exec.Command(path, args...), &bytes.Buffer{}
	s.cmd.Stdout, s.cmd.Stderr = s.out, s.out
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		s.tb.Fatal(err)
	}
	wait(s.tb, "redis to listen", func() bool {
		network, address := s.network()
		conn, err := net.Dial(network, address)
		if err != nil {
			return false
		}
		_ = conn.Close()
		return true
	})
}

// kill kills the server, as a power cut would.
func (s *server) kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	if s.tb.Failed() && s.out.Len() > 0 {
		s.tb.Logf("redis wrote:\n%s", s.out)
	}
	s.cmd = nil
	_ = os.Remove(s.socket())
}

func (s *server) signal(sig syscall.Signal) {
	s.tb.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.tb.Fatal(err)
	}
}

// do runs a command with redis-cli and returns its output.
func (s *server) do(args ...string) string {
	s.tb.Helper()
	out, err := s.try(args...)
	if err != nil {
		s.tb.Fatalf("redis-cli %v: %v\n%s", args, err, out)
	}
	return out
}

func (s *server) try(args ...string) (string, error) {
	base := []string{"-s", s.socket(), "-e"}
	if s.port != 0 {
		base = []string{"-p", strconv.Itoa(s.port), "-e"}
	}
	out, err := exec.Command("redis-cli", append(base, args...)...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// wait waits until something is true.
func wait(tb testing.TB, what string, is func() bool) {
	tb.Helper()
	for end := time.Now().Add(patient); !is(); {
		if time.Now().After(end) {
			tb.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// freePort returns a port that nobody listens on.
func freePort(tb testing.TB) int {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func mustParse(tb testing.TB, url string) Address {
	tb.Helper()
	a, err := ParseAddress(url)
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

// open opens an engine, which is closed when the test ends.
func open(tb testing.TB, url string) *Redis {
	tb.Helper()
	r := OpenRedis(mustParse(tb, url), "test")
	tb.Cleanup(r.Close)
	return r
}

// within is a context for a step that has to end.
func within(tb testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	tb.Cleanup(cancel)
	return ctx
}
