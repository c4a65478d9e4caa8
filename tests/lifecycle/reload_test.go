package lifecycle

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// countAndTell counts a client's texts in its row, and tells what php.ini says.
const countAndTell = `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	if (!isset($connection["count"])) { $connection["count"]=0; }
	$connection["count"]++;
	send_text($client_key,$connection["count"]." ".ini_get("memory_limit"));
}`

func TestClientsStayOverTwentyReloadsUnderTraffic(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{TOML: "[php]\nworkers = 2\n", Handlers: countAndTell})
	const clients, reloads = 8, 20
	stop := make(chan struct{})
	errs := make(chan error, clients)
	var talks sync.WaitGroup
	for range clients {
		c := s.Connect()
		talks.Go(func() { errs <- keepTalking(c, stop) })
	}
	for i := range reloads {
		s.Configure(fmt.Sprintf("[server]\nempty_text = %v\n[php]\nworkers = %d\nmemory_limit = \"%dM\"\n[loop]\ninterval = \"%dms\"\n",
			i%2 == 0, 2+i%2, 600+i/2, 50+i))
		line := s.Reload("configuration reloaded")
		if got := fmt.Sprint(line["applied"]); !strings.Contains(got, "loop.interval") {
			t.Errorf("reload %d applied %s", i, got)
		}
	}
	last := s.Connect()
	if got, want := last.Ask("x"), fmt.Sprintf("1 %dM", 600+(reloads-1)/2); got != want {
		t.Errorf("after the last reload: got %q, want %q", got, want)
	}
	close(stop)
	talks.Wait()
	for range clients {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if n := s.Log.Count("client left"); n != 0 {
		t.Errorf("%d clients left", n)
	}
	if n := s.Log.Count("failed") + s.Log.Count("away"); n != 0 {
		t.Errorf("%d lines tell of failures:\n%s", n, s.Log.Text())
	}
}

// keepTalking sends texts until stop; each answer must count one more.
func keepTalking(c *harness.Client, stop <-chan struct{}) error {
	for want := 1; ; want++ {
		select {
		case <-stop:
			return nil
		default:
		}
		var got int
		var limit string
		if _, err := c.TryAsk("x", "%d %s", &got, &limit); err != nil || got != want {
			return fmt.Errorf("text %d: got %d, %v", want, got, err)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestReloadPutsValuesIntoForce(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{TOML: "[server]\n", Handlers: countAndTell, Settings: "WEBSOCKET_SERVER_HEADER=before\n"})
	c := s.Connect()
	if got := c.Ask("x"); got != "1 512M" {
		t.Errorf("got %q", got)
	}
	stranger := harness.Headers("login=anna")
	stranger.Set("Origin", "https://shop.example")
	if got := s.Refused(stranger).StatusCode; got != http.StatusForbidden {
		t.Errorf("got %d", got)
	}
	s.Write("server_shared.conf", s.Settings("WEBSOCKET_SERVER_HEADER=after\nWEBSOCKET_ALLOWED_ORIGINS=https://shop.example\n"))
	s.Configure("[php]\nini = { memory_limit = \"999M\" }\n[pipe]\nmode = \"0620\"\n[log]\nlevel = \"debug\"\nlegacy = true\n")
	line := s.Reload("configuration reloaded")
	for _, key := range []string{"server.server_header", "server.allowed_origins", "php.ini", "pipe.mode", "log.level", "log.legacy"} {
		if !strings.Contains(fmt.Sprint(line["applied"]), key) {
			t.Errorf("%s was not applied: %v", key, line)
		}
	}
	if got := c.Ask("x"); got != "2 999M" {
		t.Errorf("the client that was there: got %q", got)
	}
	_, response, err := s.Dial("/", stranger)
	if err != nil || response.Header.Get("Server") != "after" {
		t.Errorf("got %v, %v", response, err)
	}
	if info, err := os.Stat(s.Path("ws_notify")); err != nil || info.Mode().Perm() != 0o620 {
		t.Errorf("pipe: %v, %v", info, err)
	}
	s.Refused(nil)
	s.Log.Wait("client left", `"ending":"refused"`) // a line of level "debug"
	daily := "ws_" + time.Now().UTC().Format("20060102") + ".log"
	harness.Eventually(t, "the daily file tells of the client", func() bool { return strings.Contains(s.ReadIfThere(daily), "]  client connected client=") })
}

func TestReloadMovesToAnotherEventsFile(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{TOML: "[server]\n", Handlers: countAndTell})
	c := s.Connect()
	c.Ask("x")
	s.Write("other.php", "<?php function ws_server_authenticate() { return True; }\n"+
		`function ws_server_text($connections,$connection,$client_key,$msg) { send_text($client_key,"other ".$connection["count"]); }`)
	s.Configure(fmt.Sprintf("[php]\nevents_file = %q\n", s.Path("other.php")))
	s.Reload("configuration reloaded")
	if got := c.Ask("x"); got != "other 1" {
		t.Errorf("got %q", got)
	}
}

func TestReloadReachesOperatorsAndTheServiceManager(t *testing.T) {
	t.Parallel()
	s, m := managed(t, harness.App{TOML: "[server]\n", Handlers: countAndTell}, time.Second)
	s.Connect()
	s.Configure("[server]\nmax_message = \"1KiB\"\ndrain_timeout = \"7s\"\n[php]\ntimeout = \"5s\"\n")
	s.Reload("configuration reloaded")
	if err := s.Control().Send(t.Context(), 1, false, make([]byte, 1025)); err == nil || !strings.Contains(err.Error(), "1024") {
		t.Errorf("got %v", err)
	}
	s.Signal(syscall.SIGTERM)
	if got, want := m.wait("STOPPING=1")["EXTEND_TIMEOUT_USEC"], "32000000"; got != want {
		t.Errorf("asks for %s µs, want %s", got, want)
	}
}

func TestReloadTellsWhatNeedsARestart(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{TOML: "[server]\n", Handlers: countAndTell})
	s.Configure("[server]\nlisten = \"127.0.0.1:1\"\nmax_message = \"1MiB\"\n")
	line := s.Reload("configuration reloaded")
	if got := fmt.Sprint(line["needs_restart"], line["new_clients_only"], line["level"]); got != "[server.listen] [server.max_message]WARN" {
		t.Errorf("got %s", got)
	}
	if got := s.Connect().Ask("x"); got != "1 512M" { // where it listened before
		t.Errorf("got %q", got)
	}
}

func TestReloadOfWhatDoesNotWorkChangesNothing(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{TOML: "[server]\n", Handlers: countAndTell})
	s.Write("broken.php", "<?php function {")
	s.Write("nobody.php", "<?php function ws_server_text() {}")
	c := s.Connect()
	for name, tt := range map[string]struct{ toml, why string }{
		"value":            {"[server]\nempty_text = 1\nserver_header = \"new\"\n", "wsbridge.toml:4: server.empty_text = 1: want true or false"},
		"syntax":           {"[server\n", "wsbridge.toml:4"},
		"no events file":   {fmt.Sprintf("[php]\nevents_file = %q\n", s.Path("missing.php")), "missing.php"},
		"broken code":      {fmt.Sprintf("[php]\nevents_file = %q\n", s.Path("broken.php")), "broken.php"},
		"no authenticate":  {fmt.Sprintf("[php]\nevents_file = %q\n", s.Path("nobody.php")), "ws_server_authenticate is not defined"},
		"no such php-fpm":  {"[php]\nfpm = \"/nowhere/php-fpm\"\n", "/nowhere/php-fpm"},
		"no such fastcgi":  {fmt.Sprintf("[php]\nfastcgi = \"unix:%s\"\nunavailable_wait = \"1s\"\n", s.Path("no.sock")), "no.sock"},
		"no settings file": {"\n[server]\n", "no.conf"},
	} {
		s.Configure(tt.toml)
		if name == "no settings file" {
			s.Write("wsbridge.toml", fmt.Sprintf("[legacy]\nsettings = %q\n", s.Path("no.conf")))
		}
		line := s.Reload("not reloaded: everything stays as it was")
		if got := fmt.Sprint(line["error"]); !strings.Contains(got, tt.why) {
			t.Errorf("%s: got %q", name, got)
		}
		if got := c.Ask("x"); !strings.HasSuffix(got, " 512M") {
			t.Errorf("%s: got %q", name, got)
		}
	}
	if s.Log.Count("client left") > 0 {
		t.Error("a client left")
	}
}

func TestReloadMovesToAnExternalPHPAndBack(t *testing.T) {
	t.Parallel()
	const own = "[php]\nmemory_limit = \"700M\"\n"
	s := harness.Serve(t, harness.App{TOML: own, Handlers: countAndTell})
	fpm := harness.StartFPMOnTCP(t, 3)
	c := s.Connect()
	if got := c.Ask("x"); got != "1 700M" {
		t.Errorf("got %q", got)
	}
	s.Configure(fmt.Sprintf("[php]\nfastcgi = %q\nmax_connections = 1\n", fpm.Address))
	s.Reload("configuration reloaded")
	if got := c.Ask("x"); got != "2 512M" {
		t.Errorf("got %q", got)
	}
	s.Configure(own)
	s.Reload("configuration reloaded")
	if got := c.Ask("x"); got != "3 700M" {
		t.Errorf("got %q", got)
	}
}
