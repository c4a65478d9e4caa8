package lifecycle

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// takeOver has another process take over, and waits until the one before has ended.
func takeOver(s *harness.Server) {
	s.T.Helper()
	done, err := s.Control().Upgrade(s.T.Context(), "")
	if err != nil {
		s.T.Fatal(err)
	}
	s.FollowUpgrade(done.After.PID)
}

// The process that is the service's main one names the next, which feeds the watchdog from then on. The service never stops.
func TestServiceManagerFollowsToTheNextProcess(t *testing.T) {
	t.Parallel()
	a := harness.App{Handlers: harness.Echo}
	s, m := harness.Prepare(t, a), newManager(t)
	// The manager names the process whose watchdog it is.
	cmd := exec.Command("sh", append([]string{"-c", `export WATCHDOG_PID=$$; exec "$0" "$@"`, harness.Program()}, s.Arguments(a)...)...)
	cmd.Env = m.environment(400 * time.Millisecond)
	s.Launch(cmd)
	m.wait("READY=1")
	s.AwaitListening()
	c := s.Connect()
	takeOver(s)
	if got, want := m.wait("MAINPID=")["MAINPID"], strconv.Itoa(s.PID()); got != want {
		t.Errorf("the main process is %s, want %s", got, want)
	}
	m.wait("BARRIER=1")
	for range 3 {
		m.wait("WATCHDOG=1")
	}
	m.wait("STATUS=1 client")
	for len(m.messages) > 0 {
		if message := <-m.messages; strings.Contains(message, "STOPPING=1") {
			t.Error("the service stops")
		}
	}
	if got := c.Ask("x"); got != "x" {
		t.Errorf("got %q", got)
	}
	if code := s.Stop(c); code != 0 {
		t.Errorf("exit status %d", code)
	}
	m.wait("STOPPING=1")
}

// Sockets of the service manager go along, and stay the manager's.
func TestPassedSocketsGoToTheNextProcess(t *testing.T) {
	t.Parallel()
	a := harness.App{Handlers: harness.Echo}
	s := harness.Prepare(t, a)
	clients, address := tcpSocket(t)
	s.Launch(activated(t, s, a, "clients", clients))
	s.AwaitListening()
	c := s.Connect()
	takeOver(s)
	s.AwaitListening()
	if s.Address != address {
		t.Errorf("clients come to %s, want %s", s.Address, address)
	}
	if got := s.Connect().Ask("new"); got != "new" {
		t.Errorf("got %q", got)
	}
	takeOver(s)
	if got := c.Ask("old"); got != "old" {
		t.Errorf("got %q", got)
	}
}
