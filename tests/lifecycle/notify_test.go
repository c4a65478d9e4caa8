package lifecycle

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/fastcgi/phpfpm"
	"github.com/wsbridge/wsbridge/tests/harness"
)

// manager is a service manager that reads what a service says (sd_notify(3)).
type manager struct {
	t        *testing.T
	path     string
	messages chan string
}

func newManager(t *testing.T) *manager {
	t.Helper()
	m := &manager{t: t, path: filepath.Join(t.TempDir(), "notify"), messages: make(chan string, 1000)}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: m.path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	go m.read(conn)
	t.Cleanup(func() {
		conn.Close()
		for range m.messages {
		}
	})
	return m
}

func (m *manager) read(conn net.Conn) {
	defer close(m.messages)
	for buf := make([]byte, 4096); ; {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		m.messages <- string(buf[:n])
	}
}

// environment is what a service with WatchdogSec is started with.
func (m *manager) environment(watchdog time.Duration) []string {
	return []string{"NOTIFY_SOCKET=" + m.path, "WATCHDOG_USEC=" + strconv.FormatInt(watchdog.Microseconds(), 10)}
}

// wait returns the next message with a line that begins so.
func (m *manager) wait(line string) map[string]string {
	m.t.Helper()
	for timeout := time.After(harness.Patience); ; {
		select {
		case message := <-m.messages:
			if strings.Contains("\n"+message, "\n"+line) {
				return assignments(message)
			}
		case <-timeout:
			m.t.Fatalf("no message with %q", line)
		}
	}
}

func assignments(message string) map[string]string {
	values := map[string]string{}
	for line := range strings.SplitSeq(message, "\n") {
		name, value, _ := strings.Cut(line, "=")
		values[name] = value
	}
	return values
}

// launchManaged starts the prepared application under m and waits until it is ready.
func launchManaged(s *harness.Server, a harness.App, m *manager, watchdog time.Duration) {
	s.T.Helper()
	cmd := exec.Command(harness.Program(), s.Arguments(a)...)
	cmd.Env = m.environment(watchdog)
	s.Launch(cmd)
	m.wait("READY=1")
	s.Address = s.Log.Wait("listening")["address"].(string)
}

// managed prepares an application and starts it under a manager.
func managed(t *testing.T, a harness.App, watchdog time.Duration) (*harness.Server, *manager) {
	t.Helper()
	s, m := harness.Prepare(t, a), newManager(t)
	launchManaged(s, a, m, watchdog)
	return s, m
}

func TestServiceManagerHearsOfTheWholeLife(t *testing.T) {
	t.Parallel()
	s, m := managed(t, harness.App{Handlers: harness.Echo, TOML: "[server]\ndrain_timeout = \"7s\"\n[php]\ntimeout = \"5s\"\n"}, 400*time.Millisecond)
	c := s.Connect() // at the first attempt
	if got := c.Ask("x"); got != "x" {
		t.Errorf("got %q", got)
	}
	m.wait("STATUS=1 client")
	for range 3 {
		m.wait("WATCHDOG=1")
	}
	s.Signal(syscall.SIGHUP)
	if at := m.wait("RELOADING=1")["MONOTONIC_USEC"]; at == "" || at == "0" {
		t.Errorf("reloads at %q µs", at)
	}
	m.wait("READY=1")
	s.Signal(syscall.SIGTERM)
	stopping := m.wait("STOPPING=1")
	if got, want := stopping["EXTEND_TIMEOUT_USEC"], "32000000"; got != want {
		t.Errorf("asks for %s µs, want %s", got, want)
	}
	if code, _ := c.Closed(); code != 1001 {
		t.Errorf("closed with %d", code)
	}
	if status := s.Wait(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

func TestServiceManagerHearsNothingOfAServerThatCannotStart(t *testing.T) {
	t.Parallel()
	a := harness.App{Handlers: "function ws_server_initialize() { exit; }"}
	s, m := harness.Prepare(t, a), newManager(t)
	cmd := exec.Command(harness.Program(), s.Arguments(a)...)
	cmd.Env = m.environment(time.Minute)
	s.Launch(cmd)
	if status := s.Wait(); status != 1 {
		t.Errorf("exit status %d", status)
	}
	if n := len(m.messages); n > 0 {
		t.Errorf("got %q", <-m.messages)
	}
}

// If the watchdog ended wsbridge because php-fpm is away, all clients would be dropped for nothing.
func TestWatchdogIsFedWhilePHPIsAway(t *testing.T) {
	t.Parallel()
	a := harness.App{Handlers: harness.Echo, TOML: "[php]\nfpm = \"./php-fpm\"\nunavailable_wait = \"1m\"\n"}
	s, m := harness.Prepare(t, a), newManager(t)
	fpm, err := phpfpm.Find("")
	if err == nil {
		err = os.Symlink(fpm, s.Path("php-fpm"))
	}
	if err != nil {
		t.Fatal(err)
	}
	launchManaged(s, a, m, 400*time.Millisecond)
	c := s.Connect()
	if err := os.Rename(s.Path("php-fpm"), s.Path("elsewhere")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(s.FPMMaster(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.Log.Wait("starting it again") // before that a worker may still answer
	c.Send("x")
	m.wait("STATUS=1 client; php-fpm is away")
	for range 5 {
		m.wait("WATCHDOG=1")
	}
	if err := os.Rename(s.Path("elsewhere"), s.Path("php-fpm")); err != nil {
		t.Fatal(err)
	}
	c.Want("x")
	m.wait("STATUS=1 client")
}

func TestMessagesToTheServiceManagerAreForTheProgramAlone(t *testing.T) {
	t.Parallel()
	s, _ := managed(t, harness.App{Handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	send_text($client_key,json_encode(array(getenv("NOTIFY_SOCKET"),getenv("WATCHDOG_USEC"))));
}`}, time.Minute)
	if got := s.Connect().Ask("x"); got != "[false,false]" {
		t.Errorf("got %s", got)
	}
}

func TestServiceManagerThatHangsHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"}) // and nobody reads
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	a := harness.App{Handlers: harness.Echo}
	s := harness.Prepare(t, a)
	cmd := exec.Command(harness.Program(), s.Arguments(a)...)
	cmd.Env = []string{"NOTIFY_SOCKET=" + path, "WATCHDOG_USEC=20000"}
	s.Launch(cmd)
	s.Address = s.Log.Wait("listening")["address"].(string)
	s.Log.Wait("the service manager was not told")
	c := s.Connect()
	if got := c.Ask("x"); got != "x" {
		t.Errorf("got %q", got)
	}
	if status := s.Stop(c); status != 0 {
		t.Errorf("exit status %d", status)
	}
}
