package tests

import (
	"strings"
	"testing"
)

// ws_server_authenticate.

func TestMissingAuthenticateIsAnError(t *testing.T) {
	t.Parallel()
	a := app{}
	s := prepare(t, a)
	s.write("push_server_events.php", "<?php function ws_server_text() {}")
	s.start(s.arguments(a)...)
	if status := s.wait(); status != 1 {
		t.Errorf("exit status %d", status)
	}
	s.wantError("ws_server_authenticate")
}

func TestAllOtherHandlersAreOptional(t *testing.T) {
	t.Parallel()
	s := serve(t, app{})
	a, b := s.connect(), s.connect()
	a.send("text")
	b.hangUp()
	s.log.wait("client left")
	if code := a.close(1000); code != 1000 {
		t.Errorf("closed with %d", code)
	}
	if status := s.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if n := s.log.count("", `"level":"WARN"`) + s.log.count("", `"level":"ERROR"`); n != 0 {
		t.Errorf("%d complaints", n)
	}
}

func TestAuthenticateComparesLoosely(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: `
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { return eval("return ".$cookies.";"); }`})
	for value, status := range map[string]int{
		"True": 101, "1": 101, "-1": 101, `"yes"`: 101, `"0.0"`: 101, "array(1)": 101, "array(False)": 101, `new ArrayObject()`: 101,
		"False": 403, "0": 403, "0.0": 403, `""`: 403, "null": 403, "array()": 403, `"0"`: 403,
	} {
		t.Run(value, func(t *testing.T) {
			_, response, err := s.in(t).dial("/", headers(value))
			if response == nil || response.StatusCode != status {
				t.Errorf("got %v, %v; want status %d", response, err, status)
			}
		})
	}
}

// asking answers with what authenticate was called with and has written.
const asking = `
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address)
{
	$connection["args"]=array($cookies,$user_agent,$remote_address);
	$connection["nested"]["user"]=array("id"=>7,"rate"=>1.0);
	unset($connection["buffer"]);
	return True;
}
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,eval($msg)); }
`

func TestCookiesAndUserAgentAreTheRawHeaders(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: asking})
	h := headers(`a=b;  c="d e"; enc=%20+; =; d`)
	h.Set("User-Agent", "Mozilla/5.0 (X11; ü)  two  spaces")
	c, _, err := s.dial("/", h)
	if err != nil {
		t.Fatal(err)
	}
	c.send(`return implode("|",array_slice($connection["args"],0,2));`)
	c.want(`a=b;  c="d e"; enc=%20+; =; d|Mozilla/5.0 (X11; ü)  two  spaces`)
}

func TestRemoteAddressHasNoPort(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: asking})
	if got := s.connect().ask(`return $connection["args"][2];`); got != "127.0.0.1" {
		t.Errorf("got %q", got)
	}
}

func TestWhatAuthenticateWritesStays(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: asking})
	c := s.connect()
	for range 2 {
		c.send(`return var_export($connection["nested"]["user"]===array("id"=>7,"rate"=>1.0) && !isset($connection["buffer"]),True);`)
		c.want("true")
	}
}

func TestRefusedHandshakeRunsTheCloseHandlers(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: diary, toml: initializeOnce})
	for i, cookie := range []string{"login=evil", ""} { // refused by authenticate, and before it
		h := headers(cookie)
		if cookie == "" {
			h.Del("Cookie")
		}
		if got := s.refused(h); got.StatusCode != 403 {
			t.Errorf("%q: refused with %s", cookie, got.Status)
		}
		eventually(t, "both handlers run", func() bool { return strings.Count(s.read("diary"), "after_close \n") == i+1 })
	}
	for _, line := range []string{"before_close evil CONNECTING 1\nafter_close \n", "before_close  CONNECTING 2\nafter_close \n"} {
		if got := s.read("diary"); !strings.Contains(got, line) {
			t.Errorf("no %q in\n%s", line, got)
		}
	}
}

func TestHandshakeWithoutCookieOrUserAgentIsRefusedWithoutAuthenticate(t *testing.T) {
	t.Parallel()
	a := app{handlers: diary, toml: initializeOnce + "[server]\nrequire_cookie = true\nrequire_user_agent = true\n"}
	s := serve(t, a)
	noCookie, noAgent := headers("x"), headers("login=a")
	noCookie.Del("Cookie")
	noAgent.Set("User-Agent", "") // an empty one is not sent
	for _, h := range []map[string][]string{noCookie, noAgent} {
		if got := s.refused(h); got.StatusCode != 403 {
			t.Errorf("got %s", got.Status)
		}
	}
	if got := s.read("diary"); strings.Contains(got, "authenticate") {
		t.Errorf("authenticate was called: %s", got)
	}
	s.diaryHas("after_close ")
}

func TestHandshakeWithoutCookieIsConfigurable(t *testing.T) {
	t.Parallel()
	s := serve(t, app{toml: "[server]\nrequire_cookie = false\nrequire_user_agent = false\n",
		handlers: `
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { return $cookies==="" && $user_agent===""; }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,$msg); }`})
	c, _, err := s.dial("/", map[string][]string{"User-Agent": {""}})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.ask("in"); got != "in" {
		t.Errorf("got %q", got)
	}
}
