package handover

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/tests/harness"
)

// upgrade has another process take over, and lets the server be that one.
func upgrade(s *harness.Server) *api.Upgraded {
	s.T.Helper()
	done, err := s.Control().Upgrade(s.T.Context(), "")
	if err != nil {
		s.T.Fatalf("upgrade: %v", err)
	}
	s.FollowUpgrade(done.After.PID)
	return done
}

// What an application keeps is there in the next process: rows, global variables, the order of clients, sessions of the application's own.
func TestTheApplicationGoesOn(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Diary + `
$total=0;
function ws_server_binary(&$connections,&$connection,$client_key,$data)
{
	global $total;
	$total+=strlen($data);
	$connection["seen"]=(isset($connection["seen"])?$connection["seen"]:"").$data;
	send_text($client_key,$connection["login"]." ".$connection["seen"]." ".$total." ".keys($connections));
}
`})
	anna, bob := s.ConnectAs("login=anna"), s.ConnectAs("login=bob")
	for _, c := range []*harness.Client{anna, bob} {
		c.Want("welcome")
	}
	anna.SendBinary("a")
	anna.Want("anna a 1 1,2")
	bob.SendBinary("b")
	bob.Want("bob b 2 1,2")
	for i := range 3 {
		done := upgrade(s)
		if done.Moved != 2+i || done.Reconnecting != 0 || done.Before.PID == done.After.PID || done.Held <= 0 {
			t.Errorf("got %+v", done)
		}
		next := s.ConnectAs("login=carl")
		next.Want("welcome")
	}
	anna.SendBinary("c")
	anna.Want("anna ac 3 1,2,3,4,5")
	bob.SendBinary("d")
	bob.Want("bob bd 4 1,2,3,4,5")
	diary := s.Read("diary")
	for _, event := range []string{"finalize", "shutdown", "before_close", "after_close"} {
		if strings.Contains(diary, event) {
			t.Errorf("%s ran:\n%s", event, diary)
		}
	}
	if n := strings.Count(diary, "started"); n != 1 {
		t.Errorf("ws_server_started ran %d times", n)
	}
	harness.Eventually(t, "one run-time folder", func() bool {
		folders, err := filepath.Glob(s.Path("wsbridge-*"))
		return err == nil && len(folders) == 1
	})
	harness.Eventually(t, "one php-fpm", func() bool { return len(harness.Children(s.PID())) == 1 })
}

// The end of the last process is as if there had been no other before: each client gets its close event once.
func TestTheLastProcessEndsAsTheFirstWould(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Diary})
	c := s.ConnectAs("login=anna")
	c.Want("welcome")
	upgrade(s)
	s.Signal(syscall.SIGTERM)
	if code, reason := c.Closed(); code != 1001 {
		t.Errorf("closed with %d %q", code, reason)
	}
	if status := s.Wait(); status != 0 {
		t.Errorf("the first process ended with %d", status)
	}
	diary := s.Read("diary")
	for _, event := range []string{"before_close anna", "after_close", "shutdown", "finalize"} {
		if n := strings.Count(diary, event); n != 1 {
			t.Errorf("%s ran %d times:\n%s", event, n, diary)
		}
	}
	for _, name := range []string{harness.Pipe, "control.sock"} {
		if _, err := os.Lstat(s.Path(name)); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", name, err)
		}
	}
}

// SIGUSR2 does what the command does, with the program that is by then where the first one was.
func TestSignalTakesTheProgramThatIsThere(t *testing.T) {
	t.Parallel()
	a := harness.App{Handlers: harness.Echo}
	s := harness.Prepare(t, a)
	program := s.Path("wsbridge")
	install(t, harness.Program(), program)
	s.Launch(command(program, s.Arguments(a)...))
	s.AwaitListening()
	c := s.Connect()
	before := s.PID()
	if err := os.Remove(program); err != nil {
		t.Fatal(err)
	}
	s.Signal(syscall.SIGUSR2)
	line := s.Log.Wait("not upgraded: everything goes on as it was")
	if text := line["error"].(string); !strings.Contains(text, "no such file") {
		t.Errorf("got %q", text)
	}
	install(t, harness.Program(), program)
	s.Signal(syscall.SIGUSR2)
	line = s.Log.Wait("upgraded", "held")
	s.FollowUpgrade(int(line["pid"].(float64)))
	if exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", s.PID())); err != nil || exe != program || s.PID() == before {
		t.Errorf("process %d runs %q, %v", s.PID(), exe, err)
	}
	if got := c.Ask("still here"); got != "still here" {
		t.Error(got)
	}
}

// The command says what has become of it.
func TestCommand(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Echo})
	c := s.Connect()
	out, status := harness.Finish(t, harness.Command(t, harness.Patience, harness.Program(), "upgrade", "--control", s.ControlSocket()))
	if status != 0 || !strings.Contains(out, "has taken over from process") || !strings.Contains(out, "1 client moved, held for ") {
		t.Fatalf("exit %d:\n%s", status, out)
	}
	var pid int
	if _, err := fmt.Sscanf(out, "process %d", &pid); err != nil {
		t.Fatal(err)
	}
	s.FollowUpgrade(pid)
	if status, err := s.Control().Status(t.Context()); err != nil || status.PID != pid || status.Connections.Open != 1 {
		t.Errorf("got %+v, %v", status, err)
	}
	out, status = harness.Finish(t, harness.Command(t, harness.Patience, harness.Program(), "upgrade", "--control", s.ControlSocket(), "/nowhere/wsbridge"))
	if status != 1 || !strings.Contains(out, "everything goes on") || !strings.Contains(out, "/nowhere/wsbridge") {
		t.Errorf("exit %d:\n%s", status, out)
	}
	if got := c.Ask("still here"); got != "still here" {
		t.Error(got)
	}
}

// Clients of TLS in wsbridge itself cannot move: they are told so, and come again.
func TestClientsOfTLSAreToldToComeAgain(t *testing.T) {
	t.Parallel()
	cert := harness.NewCertificate(t, "127.0.0.1")
	s := harness.ServeTLS(t, harness.App{Handlers: harness.Diary, TOML: "upgrade_spread = \"10ms\"\n"}, cert)
	clients := []*harness.Client{s.ConnectAs("login=anna"), s.ConnectAs("login=bob")}
	for _, c := range clients {
		c.Want("welcome")
	}
	told := make(chan int, len(clients))
	for _, c := range clients {
		go func() { code, _ := c.Closed(); told <- code }()
	}
	done := upgrade(s)
	if done.Moved != 0 || done.Reconnecting != 2 {
		t.Errorf("got %+v", done)
	}
	for range clients {
		if code := <-told; code != 1012 {
			t.Errorf("closed with %d, want 1012", code)
		}
	}
	s.ConnectAs("login=anna").Want("welcome")
	if n := strings.Count(s.Read("diary"), "before_close"); n != 2 {
		t.Errorf("%d close events ran, want 2", n)
	}
}

// Nothing keeps a reload or an end from working after an upgrade, and the file of the configuration is read anew by it.
func TestTheNextProcessHasTheNewConfiguration(t *testing.T) {
	t.Parallel()
	a := harness.App{Handlers: harness.Echo, TOML: "[server]\nmax_message = \"1KiB\"\n[pipe]\nmode = \"0600\"\n"}
	s := harness.Serve(t, a)
	c := s.Connect()
	s.Configure("[server]\nmax_message = \"2KiB\"\n[pipe]\nmode = \"0620\"\n")
	upgrade(s)
	if info, err := os.Stat(s.Path(harness.Pipe)); err != nil || info.Mode().Perm() != 0o620 {
		t.Errorf("the pipe has %v, %v", info.Mode(), err)
	}
	long := strings.Repeat("x", 1500)
	if got := s.Connect().Ask(long); got != long {
		t.Errorf("got %q", got)
	}
	if got := c.Ask("old"); got != "old" {
		t.Error(got)
	}
	change, err := s.Control().Reload(t.Context())
	if err != nil || slices.Contains(change.Applied, "server.max_message") {
		t.Errorf("got %+v, %v", change, err)
	}
}
