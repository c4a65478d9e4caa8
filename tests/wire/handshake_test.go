package wire

import (
	"io"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func upgrade(lines ...string) string {
	return "GET /x HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n" +
		strings.Join(append(lines, "", ""), "\r\n")
}

const (
	key     = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
	version = "Sec-WebSocket-Version: 13"
	cookie  = "Cookie: a=b"
	agent   = "User-Agent: tests"
)

func TestHandshakeAnswers(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Echo})
	for name, row := range map[string]struct {
		request string
		status  int
	}{
		"complete":              {upgrade(key, version, cookie, agent), 101},
		"same host, other port": {upgrade(key, version, cookie, agent, "Origin: http://127.0.0.1:8080"), 101},
		"other origin":          {upgrade(key, version, cookie, agent, "Origin: http://evil.example"), 403},
		"a final slash":         {upgrade(key, version, cookie, agent, "Origin: http://127.0.0.1/"), 101},
		"no sub-protocol":       {upgrade(key, version, cookie, agent, "Sec-WebSocket-Protocol: "), 101},
		"null origin":           {upgrade(key, version, cookie, agent, "Origin: null"), 403},
		"no cookie":             {upgrade(key, version, agent), 403},
		"no user agent":         {upgrade(key, version, cookie), 403},
		"no host":               {strings.Replace(upgrade(key, version, cookie, agent), "Host: 127.0.0.1\r\n", "", 1), 400},
		"no key":                {upgrade(version, cookie, agent), 400},
		"bad key":               {upgrade("Sec-WebSocket-Key: short", version, cookie, agent), 400},
		"old version":           {upgrade(key, "Sec-WebSocket-Version: 8", cookie, agent), 426},
		"null byte":             {upgrade(key, version, cookie, "User-Agent: a\x00b"), 400},
		"plain request":         {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 426},
	} {
		t.Run(name, func(t *testing.T) {
			response := s.In(t).Open("127.0.0.1", row.request).Answer()
			body, _ := io.ReadAll(io.LimitReader(response.Body, 1000))
			if response.StatusCode != row.status {
				t.Errorf("got %s: %s", response.Status, body)
			}
			if row.status == 426 && response.Header.Get("Sec-WebSocket-Version") != "13" {
				t.Errorf("headers %v", response.Header)
			}
			if row.status == 101 && (response.Header.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" || response.Header.Get("Server") != "SimplePHPWS") {
				t.Errorf("headers %v", response.Header)
			}
		})
	}
}

func TestOriginsCanBeAllowed(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]harness.App{
		"settings": {Settings: "WEBSOCKET_ALLOWED_ORIGINS=https://shop.example, http://other.example\n"},
		"toml":     {TOML: "[server]\nallowed_origins = [\"https://shop.example\", \"http://other.example\"]\n"},
	} {
		t.Run(name, func(t *testing.T) {
			a.Handlers = harness.Echo
			s := harness.Serve(t, a)
			for origin, status := range map[string]int{"https://shop.example": 101, "http://other.example": 101, "https://evil.example": 403} {
				if got := s.Open("127.0.0.1", upgrade(key, version, cookie, agent, "Origin: "+origin)).Answer(); got.StatusCode != status {
					t.Errorf("%s: got %s", origin, got.Status)
				}
			}
		})
	}
}

// Apps and extensions have no host on the web.
func TestOriginsOfAppsCanBeAllowed(t *testing.T) {
	t.Parallel()
	const names = `"capacitor://localhost", "ionic://localhost", "chrome-extension://abcdefghijklmnopabcdefghijklmnop", "moz-extension://*", "null", "file://"`
	allowed := harness.Serve(t, harness.App{Handlers: harness.Echo, TOML: "[server]\nallowed_origins = [" + names + "]\n"})
	other := harness.Serve(t, harness.App{Handlers: harness.Echo, TOML: "[server]\nallowed_origins = [\"https://shop.example\"]\n"})
	for _, origin := range []string{"capacitor://localhost", "ionic://localhost", "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
		"moz-extension://5f1b7c2e-7d5e-4a57-a0ba-d01ec3c1d8f0", "null", "file://"} {
		request := upgrade(key, version, cookie, agent, "Origin: "+origin)
		if got := allowed.Open("127.0.0.1", request).Answer(); got.StatusCode != 101 {
			t.Errorf("%s: got %s", origin, got.Status)
		}
		if got := other.Open("127.0.0.1", request).Answer(); got.StatusCode != 403 {
			t.Errorf("%s, which is not named: got %s", origin, got.Status)
		}
	}
}

func TestNothingOfPHPReachesARefusedClient(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: `
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address)
{
	echo "secret output";
	if ($cookies=="die") { undefined_function("secret argument"); }
	return False;
}`})
	for cookie, status := range map[string]int{"no": 403, "die": 500} {
		response := s.Refused(harness.Headers(cookie))
		body, _ := io.ReadAll(response.Body)
		if response.StatusCode != status || strings.Contains(string(body), "secret") || strings.Contains(string(body), "undefined") {
			t.Errorf("%s: got %s %q", cookie, response.Status, body)
		}
	}
	s.Log.Wait("handler failed", "undefined_function", "push_server_events.php")
}

func TestHalfAHandshakeIsGivenUp(t *testing.T) {
	s := harness.Serve(t, harness.App{Handlers: harness.Echo, TOML: "[server]\nhandshake_timeout = \"300ms\"\n"})
	if err := s.Open("127.0.0.1", "GET / HTTP/1.1\r\nHost: a\r\n").Discard(); err != nil {
		t.Errorf("the connection was not closed: %v", err)
	}
}
