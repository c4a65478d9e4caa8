package handlers

import (
	"net/http"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// ws_server_authenticate.

func TestMissingAuthenticateIsAnError(t *testing.T) {
	t.Parallel()
	a := harness.App{}
	s := harness.Prepare(t, a)
	s.Write("push_server_events.php", "<?php function ws_server_text() {}")
	s.Start(s.Arguments(a)...)
	if status := s.Wait(); status != 1 {
		t.Errorf("exit status %d", status)
	}
	s.WantError("ws_server_authenticate")
}

func TestAllOtherHandlersAreOptional(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{})
	a, b := s.Connect(), s.Connect()
	a.Send("text")
	b.HangUp()
	s.Log.Wait("client left")
	if code := a.Close(1000); code != 1000 {
		t.Errorf("closed with %d", code)
	}
	if status := s.Stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if n := s.Log.Count("", `"level":"WARN"`) + s.Log.Count("", `"level":"ERROR"`); n != 0 {
		t.Errorf("%d complaints", n)
	}
}

func TestAuthenticateComparesLoosely(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: `
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { return eval("return ".$cookies.";"); }`})
	for value, status := range map[string]int{
		"True": 101, "1": 101, "-1": 101, `"yes"`: 101, `"0.0"`: 101, "array(1)": 101, "array(False)": 101, `new ArrayObject()`: 101,
		"False": 403, "0": 403, "0.0": 403, `""`: 403, "null": 403, "array()": 403, `"0"`: 403,
	} {
		t.Run(value, func(t *testing.T) {
			_, response, err := s.In(t).Dial("/", harness.Headers(value))
			if response == nil || response.StatusCode != status {
				t.Errorf("got %v, %v; want status %d", response, err, status)
			}
		})
	}
}

// asking evaluates PHP on the row, in which authenticate keeps its arguments.
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
	s := harness.Serve(t, harness.App{Handlers: asking})
	h := harness.Headers(`a=b;  c="d e"; enc=%20+; =; d`)
	h.Set("User-Agent", "Mozilla/5.0 (X11; ü)  two  spaces")
	c, _, err := s.Dial("/", h)
	if err != nil {
		t.Fatal(err)
	}
	c.Send(`return implode("|",array_slice($connection["args"],0,2));`)
	c.Want(`a=b;  c="d e"; enc=%20+; =; d|Mozilla/5.0 (X11; ü)  two  spaces`)
}

func TestRemoteAddressHasNoPort(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: asking})
	if got := s.Connect().Ask(`return $connection["args"][2];`); got != "127.0.0.1" {
		t.Errorf("got %q", got)
	}
}

func TestWhatAuthenticateWritesStays(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: asking})
	c := s.Connect()
	for range 2 {
		c.Send(`return var_export($connection["nested"]["user"]===array("id"=>7,"rate"=>1.0) && !isset($connection["buffer"]),True);`)
		c.Want("true")
	}
}

func TestRefusedHandshakeRunsTheCloseHandlers(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Diary, TOML: harness.InitializeOnce})
	for i, cookie := range []string{"login=evil", ""} { // the first is refused by authenticate, the second before it
		h := harness.Headers(cookie)
		if cookie == "" {
			h.Del("Cookie")
		}
		if got := s.Refused(h); got.StatusCode != 403 {
			t.Errorf("%q: refused with %s", cookie, got.Status)
		}
		harness.Eventually(t, "both handlers run", func() bool { return strings.Count(s.Read("diary"), "after_close \n") == i+1 })
	}
	for _, line := range []string{"before_close evil CONNECTING 1\nafter_close \n", "before_close  CONNECTING 2\nafter_close \n"} {
		if got := s.Read("diary"); !strings.Contains(got, line) {
			t.Errorf("no %q in\n%s", line, got)
		}
	}
}

func TestHandshakeWithoutCookieOrUserAgentIsRefusedWithoutAuthenticate(t *testing.T) {
	t.Parallel()
	a := harness.App{Handlers: harness.Diary, TOML: harness.InitializeOnce + "[server]\nrequire_cookie = true\nrequire_user_agent = true\n"}
	s := harness.Serve(t, a)
	noCookie, noAgent := harness.Headers("x"), harness.Headers("login=a")
	noCookie.Del("Cookie")
	noAgent.Set("User-Agent", "") // an empty one is not sent
	for why, h := range map[string]http.Header{
		"no Cookie header, which server.require_cookie wants":         noCookie,
		"no User-Agent header, which server.require_user_agent wants": noAgent,
	} {
		if got := s.Refused(h); got.StatusCode != 403 {
			t.Errorf("%s: got %s", why, got.Status)
		}
		s.Log.Wait("handshake refused", why)
	}
	if got := s.Read("diary"); strings.Contains(got, "authenticate") {
		t.Errorf("authenticate was called: %s", got)
	}
	diaryHas(s, "after_close ")
}

func TestHandshakeWithoutCookieIsConfigurable(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{TOML: "[server]\nrequire_cookie = false\nrequire_user_agent = false\n",
		Handlers: `
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { return $cookies==="" && $user_agent===""; }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,$msg); }`})
	c, _, err := s.Dial("/", map[string][]string{"User-Agent": {""}})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Ask("in"); got != "in" {
		t.Errorf("got %q", got)
	}
}
