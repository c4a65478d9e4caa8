package resident

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// looksAtOnce has PHP look at files in each request, so that new code counts as certain within a second or two.
const (
	looksAtOnce       = "[php.ini]\n\"opcache.revalidate_freq\" = 0\n"
	looksAtOnceInPool = "php_value[opcache.revalidate_freq] = 0\n"
)

const (
	describeFailed = "the changed application cannot be described"
	events         = "push_server_events.php"
)

func TestNewCodeUnderLoad(t *testing.T) {
	t.Parallel()
	a := harness.App{Handlers: ofVersion("1"), TOML: looksAtOnce}
	s := harness.Serve(t, a)
	before := worker(s)
	load := startTraffic(s, 8)
	for _, version := range []string{"2", "3"} {
		s.Write(events, "<?php\n"+authenticate+ofVersion(version))
		before = another(s, before)
		load.flow(2 * window)
	}
	load.end(0)
	load.wantVersions("1", "2", "3")
	wantReplacedOnly(s)
}

const authenticate = "function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { return True; }\n"

// wantReplacedOnly fails the test unless workers have ended for new code only.
func wantReplacedOnly(s *harness.Server) {
	s.T.Helper()
	if all, replaced := s.Log.Count(hasEnded), s.Log.Count(hasEnded, "code has changed"); all != replaced {
		s.T.Errorf("%d workers have ended, %d for new code", all, replaced)
	}
	if n := s.Log.Count("failed") + s.Log.Count("client left"); n != 0 {
		s.T.Errorf("%d lines tell of failures", n)
	}
}

func TestBrokenCodeIsNotLoaded(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: ofVersion("1"), TOML: "[log]\nlevel = \"debug\"\n" + looksAtOnce})
	before := worker(s)
	load := startTraffic(s, 4)
	const isSaid, isSaidAgain = `"level":"ERROR"`, `"level":"DEBUG"`
	for i, broken := range []struct{ code, why string }{
		{"function ws_server_text( {", "syntax error"},
		{authenticate + "undefined_function();", "undefined_function"},
	} {
		s.Write(events, "<?php\n"+broken.code)
		s.Log.Wait(describeFailed, broken.why, isSaidAgain)
		load.flow(window)
		if n := s.Log.Count(describeFailed, isSaid); n != i+1 {
			t.Errorf("%d lines tell of broken code, want %d", n, i+1)
		}
	}
	s.Write(events, "<?php\n"+authenticate+ofVersion("2"))
	another(s, before)
	load.flow(window)
	load.end(0)
	load.wantVersions("1", "2")
	wantReplacedOnly(s)
}

func TestSymbolicLinkSwitchesReleases(t *testing.T) {
	t.Parallel()
	a := harness.App{Handlers: ofVersion("1")}
	s := harness.Prepare(t, a)
	for name, code := range map[string]string{"old": ofVersion("1"), "new": ofVersion("2") +
		`function ws_server_binary(&$connections,&$connection,$client_key,$data) { send_text($client_key,"binary"); }`} {
		if err := os.Mkdir(s.Path(name), 0o755); err != nil {
			t.Fatal(err)
		}
		s.Write(name+"/"+events, "<?php\n"+authenticate+code)
	}
	point := func(at string) {
		t.Helper()
		if err := os.Symlink(at, s.Path("link")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(s.Path("link"), s.Path("current")); err != nil {
			t.Fatal(err)
		}
	}
	point("old")
	s.Write("server_shared.conf", s.Settings("WEBSOCKET_EVENTS_INCLUDE_FILE="+s.Path("current/"+events)+"\n"))
	s.Run(a)
	before := worker(s)
	load := startTraffic(s, 4)
	point("new")
	another(s, before)
	load.flow(window)
	c := s.Connect()
	c.SendBinary("x")
	c.Want("binary") // the description is of the new release, too
	load.end(0)
	load.wantVersions("1", "2")
	wantReplacedOnly(s)
}

func TestSettingsFileChanges(t *testing.T) {
	t.Parallel()
	a := harness.App{Handlers: numbers + "function version() { return VERSION; }", Settings: "VERSION=1\n"}
	s := harness.Serve(t, a)
	before := worker(s)
	load := startTraffic(s, 4)
	s.Write("server_shared.conf", s.Settings("VERSION=2\n"))
	another(s, before)
	load.flow(window)
	load.end(0)
	load.wantVersions("1", "2")
	wantReplacedOnly(s)
}

func TestNewCodeWhileAWorkerFails(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: ofVersion("1"), TOML: looksAtOnce})
	worker(s)
	c := s.Connect()
	s.Write(events, "<?php\n"+authenticate+ofVersion("2")+
		`function ws_server_binary(&$connections,&$connection,$client_key,$data) { send_text($client_key,"binary"); }`)
	kill(s) // the next one loads new code before anybody has noticed that
	c.Send("1")
	c.Want("1 1 2")
	c.SendBinary("x")
	c.Want("binary")
}

// With opcache's default, php-fpm may load code that has changed in the two seconds before.
func TestOldCodeFromOpcacheIsReplaced(t *testing.T) {
	t.Parallel()
	a := harness.App{Handlers: ofVersion("1"), TOML: harness.StartFPMForResidents(t, 3, 5, "30s").Config()}
	s := harness.Serve(t, a)
	worker(s)
	c := s.Connect()
	for version := 2; version < 5; version++ {
		kill(s) // the next one makes opcache look at the file
		s.Write(events, "<?php\n"+authenticate+ofVersion(fmt.Sprint(version)))
		kill(s)
		want := fmt.Sprint(" ", version)
		harness.Eventually(t, "new code runs", func() bool { return strings.HasSuffix(c.Ask("1"), want) })
	}
}
