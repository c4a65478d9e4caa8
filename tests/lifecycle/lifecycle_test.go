package lifecycle

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestDrainRunsWhatIsQueued(t *testing.T) {
	s := harness.Serve(t, harness.App{TOML: harness.InitializeOnce, Handlers: harness.Diary + `
function ws_server_binary(&$connections,&$connection,$client_key,$data) { send_text($client_key,"slow"); while (!file_exists(__DIR__."/go")) { usleep(10000); clearstatcache(); } }`})
	c := s.ConnectAs("login=anna")
	c.Want("welcome")
	if err := c.Conn.WriteMessage(2, []byte("x")); err != nil {
		t.Fatal(err)
	}
	c.Want("slow")
	for _, text := range []string{"one", "two", "three"} {
		c.Send(text)
	}
	s.WritePipe("last document")
	// The reader answers a ping after the three texts, so they are queued by then.
	pong := make(chan struct{})
	c.Conn.SetPongHandler(func(string) error { close(pong); return nil })
	if err := c.Conn.WriteMessage(9, []byte("are they there?")); err != nil {
		t.Fatal(err)
	}
	received := make(chan string, 10)
	go func() {
		defer close(received)
		defer c.HangUp()
		for {
			_, data, err := c.Conn.ReadMessage()
			if err != nil {
				return
			}
			received <- string(data)
		}
	}()
	<-pong
	s.Signal(syscall.SIGTERM)
	s.Log.Wait("draining")
	s.Write("go", "")
	if status := s.Wait(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	var all []string
	for text := range received {
		all = append(all, text)
	}
	if got := strings.Join(all, ","); got != "got one,got two,got three" {
		t.Errorf("got %s", got)
	}
	got := s.Read("diary")
	for _, want := range []string{"text 1 three", "fifo last document", "before_close anna", "shutdown ", "finalize"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestDrainIsBounded(t *testing.T) {
	s := harness.Serve(t, harness.App{
		TOML: "[server]\ndrain_timeout = \"1s\"\n[php]\ninitialize = \"once\"\n",
		Handlers: harness.Diary + `
function ws_server_binary(&$connections,&$connection,$client_key,$data) { send_text($client_key,"slow"); sleep(60); }`})
	c := s.ConnectAs("login=anna")
	c.Want("welcome")
	idle := s.ConnectAs("login=bert")
	idle.Want("welcome")
	if err := c.Conn.WriteMessage(2, []byte("x")); err != nil {
		t.Fatal(err)
	}
	c.Want("slow")
	if status := s.Stop(c, idle); status != 0 { // each is told by a close frame
		t.Errorf("exit status %d", status)
	}
	s.Log.Wait("drain ran out of time")
	if got := s.Read("diary"); !strings.Contains(got, "shutdown") || !strings.Contains(got, "finalize") {
		t.Errorf("got %s", got)
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	for name, sig := range map[string]syscall.Signal{"SIGTERM": syscall.SIGTERM, "SIGINT": syscall.SIGINT, "SIGKILL": syscall.SIGKILL} {
		t.Run(name, func(t *testing.T) {
			s := harness.Serve(t, harness.App{Handlers: harness.Echo})
			c := s.Connect()
			c.Ask("x")
			c.Leave()
			master := s.FPMMaster()
			all := append(harness.Children(master), master)
			s.Signal(sig)
			s.Wait()
			harness.Eventually(t, "all of php-fpm ends", func() bool { return !slices.ContainsFunc(all, harness.Running) })
		})
	}
}

func TestWorkersAreNotRoot(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can start php-fpm for another user")
	}
	s := harness.Serve(t, harness.App{Handlers: `function ws_server_text(&$connections,&$connection,$client_key,$msg) { $u=posix_getpwuid(posix_geteuid()); send_text($client_key,$u["name"]); }`})
	if got := s.Connect().Ask("x"); got != "www-data" {
		t.Errorf("workers run as %q", got)
	}
}

func TestEventsFileThatWorkersCannotRead(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can start php-fpm for another user")
	}
	a := harness.App{Handlers: harness.Echo}
	s := harness.Prepare(t, a)
	if err := os.Chmod(s.Path("push_server_events.php"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Start(s.Arguments(a)...)
	if status := s.Wait(); status != 1 {
		t.Errorf("exit status %d", status)
	}
	s.WantError(s.Path("push_server_events.php"), "www-data")
}

func TestChangedCodeIsUsedAtOnce(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Eval})
	c := s.Connect()
	c.Send(`return "old";`)
	c.Want("old")
	s.Write("push_server_events.php", `<?php
function ws_server_authenticate() { return True; }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,"new"); }
function ws_server_binary(&$connections,&$connection,$client_key,$data) { send_text($client_key,"new binary"); }
`)
	harness.Eventually(t, "the new code answers", func() bool { return c.Ask(`return "old";`) == "new" })
	s.Log.Wait("application described", `"handlers":3`)
	if err := c.Conn.WriteMessage(2, []byte("x")); err != nil {
		t.Fatal(err)
	}
	c.Want("new binary")
}

func TestHandlersThatChangeUnderLoadDropNobody(t *testing.T) {
	t.Parallel()
	version := func(n int) string {
		return fmt.Sprintf(`
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	$connection["count"]=isset($connection["count"])?$connection["count"]+1:1;
	send_text($client_key,"%d ".$connection["count"]);
}
function ws_server_authenticate() { return True; }
`, n)
	}
	s := harness.Serve(t, harness.App{Handlers: version(0)})
	const clients, last = 6, 3
	var reached [last + 1]sync.WaitGroup // how many have yet to see each version
	for n := range reached {
		reached[n].Add(clients)
	}
	var group sync.WaitGroup
	for range clients {
		c := s.Connect()
		group.Go(func() {
			seen := -1
			for count := 1; seen < last; count++ {
				var n, counted int
				if _, err := c.TryAsk("x", "%d %d", &n, &counted); err != nil || counted != count || n < seen || n > last {
					t.Errorf("message %d: got version %d after %d, count %d, %v", count, n, seen, counted, err)
					n = last // so that nothing waits for this client
				}
				for ; seen < n; seen++ {
					reached[seen+1].Done()
				}
			}
		})
	}
	for n := 1; n <= last; n++ {
		reached[n-1].Wait()
		s.Write("push_server_events.php", "<?php\n"+version(n))
	}
	group.Wait()
	if n := s.Log.Count("client left") + s.Log.Count("failed"); n != 0 {
		t.Errorf("%d clients left or events failed", n)
	}
}

func TestReleaseBySymbolicLink(t *testing.T) {
	t.Parallel()
	a := harness.App{Handlers: harness.Echo}
	s := harness.Prepare(t, a)
	for _, release := range []string{"one", "two"} {
		if err := os.Mkdir(s.Path(release), 0o755); err != nil {
			t.Fatal(err)
		}
		s.Write(release+"/push_server_events.php", `<?php
require_once("version.php");
function ws_server_authenticate() { return True; }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,version()); }`)
		s.Write(release+"/version.php", "<?php function version() { return '"+release+"'; }")
	}
	point := func(release string) {
		t.Helper()
		if err := errors.Join(os.Symlink(release, s.Path("next")), os.Rename(s.Path("next"), s.Path("current"))); err != nil {
			t.Fatal(err)
		}
	}
	point("one")
	s.Write("server_shared.conf", strings.Replace(s.Read("server_shared.conf"), s.Path("push_server"), s.Path("current/push_server"), 1))
	s.Run(a)
	c := s.Connect()
	c.Send("which?")
	c.Want("one")
	point("two")
	harness.Eventually(t, "the new release answers", func() bool { return c.Ask("which?") == "two" })
}

func TestPHPErrorInTheEventsFile(t *testing.T) {
	t.Parallel()
	a := harness.App{}
	s := harness.Prepare(t, a)
	s.Write("push_server_events.php", "<?php function broken( {")
	s.Start(s.Arguments(a)...)
	if status := s.Wait(); status != 1 {
		t.Errorf("exit status %d", status)
	}
	s.WantError("push_server_events.php", "syntax error")
}
