package tests

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// countAndTell counts a client's texts in its row, and tells what php.ini says.
const countAndTell = `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	if (!isset($connection["count"])) { $connection["count"]=0; }
	$connection["count"]++;
	send_text($client_key,$connection["count"]." ".ini_get("memory_limit"));
}`

// reload sends SIGHUP and waits until the log has one more line with msg, which it returns.
func (s *server) reload(msg string) map[string]any {
	s.t.Helper()
	before := s.log.count(msg)
	s.signal(syscall.SIGHUP)
	eventually(s.t, msg, func() bool { return s.log.count(msg) > before })
	return s.log.last(msg)
}

// configure replaces the TOML file's text below the settings file's name.
func (s *server) configure(toml string) {
	s.t.Helper()
	s.write("wsbridge.toml", fmt.Sprintf("[legacy]\nsettings = %q\n%s", s.path("server_shared.conf"), toml))
}

func TestClientsStayOverTwentyReloadsUnderTraffic(t *testing.T) {
	t.Parallel()
	s := serve(t, app{toml: "[php]\nworkers = 2\n", handlers: countAndTell})
	const clients, reloads = 8, 20
	stop := make(chan struct{})
	errs := make(chan error, clients)
	var talks sync.WaitGroup
	for range clients {
		c := s.connect()
		talks.Go(func() { errs <- keepTalking(c, stop) })
	}
	for i := range reloads {
		s.configure(fmt.Sprintf("[server]\nempty_text = %v\n[php]\nworkers = %d\nmemory_limit = \"%dM\"\n[loop]\ninterval = \"%dms\"\n",
			i%2 == 0, 2+i%2, 600+i/2, 50+i))
		line := s.reload("configuration reloaded")
		if got := fmt.Sprint(line["applied"]); !strings.Contains(got, "loop.interval") {
			t.Errorf("reload %d applied %s", i, got)
		}
	}
	last := s.connect()
	if got, want := last.ask("x"), fmt.Sprintf("1 %dM", 600+(reloads-1)/2); got != want {
		t.Errorf("after the last reload: got %q, want %q", got, want)
	}
	close(stop)
	talks.Wait()
	for range clients {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if n := s.log.count("client left"); n != 0 {
		t.Errorf("%d clients left", n)
	}
	if n := s.log.count("failed") + s.log.count("away"); n != 0 {
		t.Errorf("%d lines tell of failures:\n%s", n, s.log.text())
	}
}

// keepTalking sends texts until stop; each answer must count one more.
func keepTalking(c *client, stop <-chan struct{}) error {
	for want := 1; ; want++ {
		select {
		case <-stop:
			return nil
		default:
		}
		var got int
		var limit string
		if _, err := c.tryAsk("x", "%d %s", &got, &limit); err != nil || got != want {
			return fmt.Errorf("text %d: got %d, %v", want, got, err)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestReloadPutsValuesIntoForce(t *testing.T) {
	t.Parallel()
	s := serve(t, app{toml: "[server]\n", handlers: countAndTell, settings: "WEBSOCKET_SERVER_HEADER=before\n"})
	c := s.connect()
	if got := c.ask("x"); got != "1 512M" {
		t.Errorf("got %q", got)
	}
	stranger := headers("login=anna")
	stranger.Set("Origin", "https://shop.example")
	if got := s.refused(stranger).StatusCode; got != http.StatusForbidden {
		t.Errorf("got %d", got)
	}
	s.write("server_shared.conf", s.settings("WEBSOCKET_SERVER_HEADER=after\nWEBSOCKET_ALLOWED_ORIGINS=https://shop.example\n"))
	s.configure("[php]\nini = { memory_limit = \"999M\" }\n[pipe]\nmode = \"0620\"\n[log]\nlevel = \"debug\"\nlegacy = true\n")
	line := s.reload("configuration reloaded")
	for _, key := range []string{"server.server_header", "server.allowed_origins", "php.ini", "pipe.mode", "log.level", "log.legacy"} {
		if !strings.Contains(fmt.Sprint(line["applied"]), key) {
			t.Errorf("%s was not applied: %v", key, line)
		}
	}
	if got := c.ask("x"); got != "2 999M" {
		t.Errorf("the client that was there: got %q", got)
	}
	_, response, err := s.dial("/", stranger)
	if err != nil || response.Header.Get("Server") != "after" {
		t.Errorf("got %v, %v", response, err)
	}
	if info, err := os.Stat(s.path("ws_notify")); err != nil || info.Mode().Perm() != 0o620 {
		t.Errorf("pipe: %v, %v", info, err)
	}
	s.refused(nil)
	s.log.wait("client left", `"ending":"refused"`) // which only level "debug" tells
	daily := "ws_" + time.Now().UTC().Format("20060102") + ".log"
	eventually(t, "the daily file tells of the client", func() bool { return strings.Contains(s.readIfThere(daily), "]  client connected client=") })
}

func TestReloadMovesToAnotherEventsFile(t *testing.T) {
	t.Parallel()
	s := serve(t, app{toml: "[server]\n", handlers: countAndTell})
	c := s.connect()
	c.ask("x")
	s.write("other.php", "<?php function ws_server_authenticate() { return True; }\n"+
		`function ws_server_text($connections,$connection,$client_key,$msg) { send_text($client_key,"other ".$connection["count"]); }`)
	s.configure(fmt.Sprintf("[php]\nevents_file = %q\n", s.path("other.php")))
	s.reload("configuration reloaded")
	if got := c.ask("x"); got != "other 1" {
		t.Errorf("got %q", got)
	}
}

func TestReloadReachesOperatorsAndTheServiceManager(t *testing.T) {
	t.Parallel()
	s, m := managed(t, app{toml: "[server]\n", handlers: countAndTell}, time.Second)
	s.connect()
	s.configure("[server]\nmax_message = \"1KiB\"\ndrain_timeout = \"7s\"\n[php]\ntimeout = \"5s\"\n")
	s.reload("configuration reloaded")
	wantRefusal(t, s.control().Send(t.Context(), 1, false, make([]byte, 1025)), http.StatusRequestEntityTooLarge, "1024")
	s.signal(syscall.SIGTERM)
	if got, want := m.wait("STOPPING=1")["EXTEND_TIMEOUT_USEC"], "32000000"; got != want {
		t.Errorf("asks for %s µs, want %s", got, want)
	}
}

func TestReloadTellsWhatNeedsARestart(t *testing.T) {
	t.Parallel()
	s := serve(t, app{toml: "[server]\n", handlers: countAndTell})
	s.configure("[server]\nlisten = \"127.0.0.1:1\"\nmax_message = \"1MiB\"\n")
	line := s.reload("configuration reloaded")
	if got := fmt.Sprint(line["needs_restart"], line["new_clients_only"], line["level"]); got != "[server.listen] [server.max_message]WARN" {
		t.Errorf("got %s", got)
	}
	if got := s.connect().ask("x"); got != "1 512M" { // where it listened before
		t.Errorf("got %q", got)
	}
}

func TestReloadOfWhatDoesNotWorkChangesNothing(t *testing.T) {
	t.Parallel()
	s := serve(t, app{toml: "[server]\n", handlers: countAndTell})
	s.write("broken.php", "<?php function {")
	s.write("nobody.php", "<?php function ws_server_text() {}")
	c := s.connect()
	for name, tt := range map[string]struct{ toml, why string }{
		"value":            {"[server]\nempty_text = 1\nserver_header = \"new\"\n", "wsbridge.toml:4: server.empty_text = 1: want true or false"},
		"syntax":           {"[server\n", "wsbridge.toml:4"},
		"no events file":   {fmt.Sprintf("[php]\nevents_file = %q\n", s.path("missing.php")), "missing.php"},
		"broken code":      {fmt.Sprintf("[php]\nevents_file = %q\n", s.path("broken.php")), "broken.php"},
		"no authenticate":  {fmt.Sprintf("[php]\nevents_file = %q\n", s.path("nobody.php")), "ws_server_authenticate is not defined"},
		"no such php-fpm":  {"[php]\nfpm = \"/nowhere/php-fpm\"\n", "/nowhere/php-fpm"},
		"no such fastcgi":  {fmt.Sprintf("[php]\nfastcgi = \"unix:%s\"\nunavailable_wait = \"1s\"\n", s.path("no.sock")), "no.sock"},
		"no settings file": {"\n[server]\n", "no.conf"},
	} {
		s.configure(tt.toml)
		if name == "no settings file" {
			s.write("wsbridge.toml", fmt.Sprintf("[legacy]\nsettings = %q\n", s.path("no.conf")))
		}
		line := s.reload("not reloaded: what was in force stays")
		if got := fmt.Sprint(line["error"]); !strings.Contains(got, tt.why) {
			t.Errorf("%s: got %q", name, got)
		}
		if got := c.ask("x"); !strings.HasSuffix(got, " 512M") {
			t.Errorf("%s: got %q", name, got)
		}
	}
	if s.log.count("client left") > 0 {
		t.Error("a client left")
	}
}

func TestReloadMovesToAnExternalPHPAndBack(t *testing.T) {
	t.Parallel()
	const own = "[php]\nmemory_limit = \"700M\"\n"
	s := serve(t, app{toml: own, handlers: countAndTell})
	address, _, _ := external(t, s)
	eventually(t, "php-fpm listens", func() bool { return reachable(address) })
	c := s.connect()
	if got := c.ask("x"); got != "1 700M" {
		t.Errorf("got %q", got)
	}
	s.configure(fmt.Sprintf("[php]\nfastcgi = %q\nmax_connections = 1\n", address))
	s.reload("configuration reloaded")
	if got := c.ask("x"); got != "2 512M" {
		t.Errorf("got %q", got)
	}
	s.configure(own)
	s.reload("configuration reloaded")
	if got := c.ask("x"); got != "3 700M" {
		t.Errorf("got %q", got)
	}
}
