package tests

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func TestDrainRunsWhatIsQueued(t *testing.T) {
	s := serve(t, app{toml: initializeOnce, handlers: diary + `
function ws_server_binary(&$connections,&$connection,$client_key,$data) { send_text($client_key,"slow"); while (!file_exists(__DIR__."/go")) { usleep(10000); clearstatcache(); } }`})
	c := s.connectAs("login=anna")
	c.want("welcome")
	if err := c.conn.WriteMessage(2, []byte("x")); err != nil {
		t.Fatal(err)
	}
	c.want("slow")
	for _, text := range []string{"one", "two", "three"} {
		c.send(text)
	}
	s.pipe("last document")
	// A ping is answered by the reader behind the three texts: they are queued now.
	pong := make(chan struct{})
	c.conn.SetPongHandler(func(string) error { close(pong); return nil })
	if err := c.conn.WriteMessage(9, []byte("are they there?")); err != nil {
		t.Fatal(err)
	}
	received := make(chan string, 10)
	go func() {
		defer close(received)
		for {
			_, data, err := c.conn.ReadMessage()
			if err != nil {
				return
			}
			received <- string(data)
		}
	}()
	<-pong
	s.signal(syscall.SIGTERM)
	s.log.wait("draining")
	s.write("go", "")
	if status := s.wait(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	var all []string
	for text := range received {
		all = append(all, text)
	}
	if got := strings.Join(all, ","); got != "got one,got two,got three" {
		t.Errorf("got %s", got)
	}
	got := s.read("diary")
	for _, want := range []string{"text 1 three", "fifo last document", "before_close anna", "shutdown ", "finalize"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestDrainIsBounded(t *testing.T) {
	s := serve(t, app{
		toml: "[server]\ndrain_timeout = \"1s\"\n[php]\ninitialize = \"once\"\n",
		handlers: diary + `
function ws_server_binary(&$connections,&$connection,$client_key,$data) { send_text($client_key,"slow"); sleep(60); }`})
	c := s.connectAs("login=anna")
	c.want("welcome")
	if err := c.conn.WriteMessage(2, []byte("x")); err != nil {
		t.Fatal(err)
	}
	c.want("slow")
	if status := s.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	s.log.wait("drain ran out of time")
	if got := s.read("diary"); !strings.Contains(got, "shutdown") || !strings.Contains(got, "finalize") {
		t.Errorf("got %s", got)
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	for name, sig := range map[string]syscall.Signal{"SIGTERM": syscall.SIGTERM, "SIGINT": syscall.SIGINT, "SIGKILL": syscall.SIGKILL} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, app{handlers: echo})
			s.connect().ask("x")
			master := s.fpmMaster()
			all := append(childrenOf(t, master), master)
			s.signal(sig)
			s.wait()
			eventually(t, "all of php-fpm ends", func() bool { return !slices.ContainsFunc(all, running) })
		})
	}
}

func TestWorkersAreNotRoot(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can start php-fpm for another user")
	}
	s := serve(t, app{handlers: `function ws_server_text(&$connections,&$connection,$client_key,$msg) { $u=posix_getpwuid(posix_geteuid()); send_text($client_key,$u["name"]); }`})
	if got := s.connect().ask("x"); got != "www-data" {
		t.Errorf("workers run as %q", got)
	}
}

func TestEventsFileThatWorkersCannotRead(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can start php-fpm for another user")
	}
	a := app{handlers: echo}
	s := prepare(t, a)
	if err := os.Chmod(s.path("push_server_events.php"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.start(s.arguments(a)...)
	if status := s.wait(); status != 1 {
		t.Errorf("exit status %d", status)
	}
	s.wantError(s.path("push_server_events.php"), "www-data")
}

func TestChangedCodeIsUsedAtOnce(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: evalText})
	c := s.connect()
	c.send(`return "old";`)
	c.want("old")
	s.write("push_server_events.php", `<?php
function ws_server_authenticate() { return True; }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,"new"); }
function ws_server_binary(&$connections,&$connection,$client_key,$data) { send_text($client_key,"new binary"); }
`)
	eventually(t, "the new code answers", func() bool { return c.ask(`return "old";`) == "new" })
	s.log.wait("application described", `"handlers":3`)
	if err := c.conn.WriteMessage(2, []byte("x")); err != nil {
		t.Fatal(err)
	}
	c.want("new binary")
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
	s := serve(t, app{handlers: version(0)})
	const clients, last = 6, 3
	var reached [last + 1]sync.WaitGroup // how many have yet to see each version
	for n := range reached {
		reached[n].Add(clients)
	}
	var group sync.WaitGroup
	for range clients {
		c := s.connect()
		group.Go(func() {
			seen := -1
			for count := 1; seen < last; count++ {
				var n, counted int
				if _, err := c.tryAsk("x", "%d %d", &n, &counted); err != nil || counted != count || n < seen || n > last {
					t.Errorf("message %d: got version %d after %d, count %d, %v", count, n, seen, counted, err)
					n = last // so that nobody waits for this client
				}
				for ; seen < n; seen++ {
					reached[seen+1].Done()
				}
			}
		})
	}
	for n := 1; n <= last; n++ {
		reached[n-1].Wait()
		s.write("push_server_events.php", "<?php\n"+version(n))
	}
	group.Wait()
	if n := s.log.count("client left") + s.log.count("failed"); n != 0 {
		t.Errorf("%d clients left or events failed", n)
	}
}

func TestReleaseBySymbolicLink(t *testing.T) {
	t.Parallel()
	a := app{handlers: echo}
	s := prepare(t, a)
	for _, release := range []string{"one", "two"} {
		if err := os.Mkdir(s.path(release), 0o755); err != nil {
			t.Fatal(err)
		}
		s.write(release+"/push_server_events.php", `<?php
require_once("version.php");
function ws_server_authenticate() { return True; }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,version()); }`)
		s.write(release+"/version.php", "<?php function version() { return '"+release+"'; }")
	}
	point := func(release string) {
		t.Helper()
		if err := errors.Join(os.Symlink(release, s.path("next")), os.Rename(s.path("next"), s.path("current"))); err != nil {
			t.Fatal(err)
		}
	}
	point("one")
	s.write("server_shared.conf", strings.Replace(s.read("server_shared.conf"), s.path("push_server"), s.path("current/push_server"), 1))
	s.run(a)
	c := s.connect()
	c.send("which?")
	c.want("one")
	point("two")
	eventually(t, "the new release answers", func() bool { return c.ask("which?") == "two" })
}

func TestPHPErrorInTheEventsFile(t *testing.T) {
	t.Parallel()
	a := app{}
	s := prepare(t, a)
	s.write("push_server_events.php", "<?php function broken( {")
	s.start(s.arguments(a)...)
	if status := s.wait(); status != 1 {
		t.Errorf("exit status %d", status)
	}
	s.wantError("push_server_events.php", "syntax error")
}
