package harness

import (
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// Pipe is the named pipe in a Server's folder.
const Pipe = "ws_notify"

// Server is the program with an application of the test's own.
type Server struct {
	T       testing.TB          // which it fails
	Dir     string              // holds the application, its settings, the pipe and the control socket; its handlers may write there
	Address string              // of its clients: host:port
	Trust   *tls.Config         // of its clients; nil: they speak no TLS
	Owner   *syscall.Credential // who it runs as; nil: who the tests do
	Log     *LogBook

	process *process
}

// process is a run of the program.
type process struct {
	cmd    *exec.Cmd
	exited chan error // one value
	ended  bool       // the value was taken
	asked  bool       // to stop; a second time would kill it
	after  int        // the process that has taken over; 0: none has
}

// Serve prepares an application and runs it.
func Serve(tb testing.TB, a App) *Server {
	tb.Helper()
	s := Prepare(tb, a)
	s.Run(a)
	return s
}

// In returns the server for a subtest, which is then the one that fails.
func (s *Server) In(tb testing.TB) *Server {
	sub := *s
	sub.T = tb
	if s.Log != nil {
		sub.Log = s.Log.in(tb)
	}
	return &sub
}

// Path returns the path of a file in the server's folder.
func (s *Server) Path(name string) string { return filepath.Join(s.Dir, name) }

// PID is the process's.
func (s *Server) PID() int {
	if s.process.after != 0 {
		return s.process.after
	}
	return s.process.cmd.Process.Pid
}

// Follow says which process has taken over: signals go to that one. Wait waits until it has ended too, since it writes to the same log, and
// returns the exit status of the one that was started.
func (s *Server) Follow(pid int) { s.process.after = pid }

// FollowUpgrade is Follow for an upgrade that has succeeded. It waits until the process before that has left: it would refuse what comes next.
func (s *Server) FollowUpgrade(pid int) {
	s.T.Helper()
	s.Follow(pid)
	s.Log.Wait("upgraded", fmt.Sprintf(`"pid":%d,`, pid)) // the log may lag behind what the control socket has answered
	Eventually(s.T, "end of the process before", func() bool {
		return s.Log.Count("stopped, another process serves") == s.Log.Count("upgraded", "held")
	})
}

// Run starts the prepared application and waits until it listens.
func (s *Server) Run(a App) {
	s.T.Helper()
	s.Start(s.Arguments(a)...)
	s.AwaitListening()
}

// AwaitListening waits until the program listens, and returns the log line that says so.
func (s *Server) AwaitListening() map[string]any {
	s.T.Helper()
	line := s.Log.Wait("listening")
	s.Address = line["address"].(string)
	return line
}

// Start runs the program; its standard error is the log. The test's end stops it, which must succeed.
func (s *Server) Start(args ...string) {
	s.T.Helper()
	s.Launch(exec.Command(program, args...))
}

// Launch is Start for a command that becomes the program.
func (s *Server) Launch(cmd *exec.Cmd) {
	s.T.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.Owner}
	cmd.Env = append(append(os.Environ(), "RUNTIME_DIRECTORY="+s.Path("")), cmd.Env...) // so that each has its control socket
	stderr, err := cmd.StderrPipe()
	if err != nil {
		s.T.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.T.Fatal(err)
	}
	p := &process{cmd: cmd, exited: make(chan error, 1)}
	s.Log, s.process = newLogBook(s.T), p
	log := s.Log
	go func() {
		log.read(stderr)
		p.exited <- cmd.Wait()
	}()
	s.T.Cleanup(func() { s.end(p, log) })
}

// end stops a process that still runs when the test is over.
func (s *Server) end(p *process, log *LogBook) {
	s.process, s.Log = p, log // of several runs
	if !p.ended {
		if !p.asked {
			s.Signal(syscall.SIGTERM)
		}
		if status := s.Wait(); status != 0 {
			s.T.Errorf("wsbridge exited with %d", status)
		}
	}
	if s.T.Failed() {
		s.T.Log(lastOf(log.Text()))
	}
}

// Stop sends SIGTERM and returns the exit status. Each of the clients must be told so, as its next message; any other
// that is connected makes the server wait until it gives that one up.
func (s *Server) Stop(clients ...*Client) int {
	s.T.Helper()
	s.Signal(syscall.SIGTERM)
	for _, c := range clients {
		if code, reason := c.Closed(); code != websocket.CloseGoingAway || reason != "server shutting down" {
			s.T.Errorf("closed with %d %q", code, reason)
		}
	}
	return s.Wait()
}

// Kill ends the program as a crash does, with SIGKILL, and waits until it has ended.
func (s *Server) Kill() {
	s.T.Helper()
	s.Signal(syscall.SIGKILL)
	s.Wait()
}

// Signal sends a signal.
func (s *Server) Signal(sig os.Signal) {
	s.T.Helper()
	s.process.asked = s.process.asked || sig == syscall.SIGTERM
	if err := syscall.Kill(s.PID(), sig.(syscall.Signal)); err != nil {
		s.T.Errorf("signal wsbridge: %v", err)
	}
}

// Wait returns the exit status; a program that does not exit is killed and fails the test.
func (s *Server) Wait() int {
	s.T.Helper()
	p := s.process
	select {
	case <-p.exited:
	case <-time.After(2 * Patience):
		s.T.Error("wsbridge did not exit")
		s.Signal(syscall.SIGQUIT) // its goroutines go to the log
		<-p.exited
	}
	p.ended = true
	if strings.Contains(s.Log.Text(), "DATA RACE") {
		s.T.Error("the race detector found a race")
	}
	return p.cmd.ProcessState.ExitCode()
}

// Reload sends SIGHUP and waits until the log has one more line with msg, which it returns.
func (s *Server) Reload(msg string) map[string]any {
	s.T.Helper()
	before := s.Log.Count(msg)
	s.Signal(syscall.SIGHUP)
	Eventually(s.T, msg, func() bool { return s.Log.Count(msg) > before })
	return s.Log.Last(msg)
}

// WantError looks for a line that says why the program has ended.
func (s *Server) WantError(parts ...string) {
	s.T.Helper()
	for line := range strings.Lines(s.Log.Text()) {
		missing := slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(line, part) })
		if strings.HasPrefix(line, "wsbridge: ") && !missing {
			return
		}
	}
	s.T.Errorf("no error line with %q in:\n%s", parts, s.Log.Text())
}

// Finish runs a command to its end and returns what it wrote, both to output and errors, and its exit status.
func Finish(tb testing.TB, cmd *exec.Cmd) (out string, status int) {
	tb.Helper()
	text, err := cmd.CombinedOutput()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		tb.Fatal(err)
	}
	return string(text), cmd.ProcessState.ExitCode()
}
