package tests

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// raw sends bytes on a new connection and returns the HTTP response.
func (s *server) raw(request string) *http.Response {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, request); err != nil {
		s.t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		s.t.Fatalf("%q: %v", request, err)
	}
	return response
}

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
	s := serve(t, app{handlers: echo})
	for name, row := range map[string]struct {
		request string
		status  int
	}{
		"complete":              {upgrade(key, version, cookie, agent), 101},
		"same host, other port": {upgrade(key, version, cookie, agent, "Origin: http://127.0.0.1:8080"), 101},
		"other origin":          {upgrade(key, version, cookie, agent, "Origin: http://evil.example"), 403},
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
			response := s.raw(row.request)
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
	for name, a := range map[string]app{
		"settings": {settings: "WEBSOCKET_ALLOWED_ORIGINS=https://shop.example, http://other.example\n"},
		"toml":     {toml: "[server]\nallowed_origins = [\"https://shop.example\", \"http://other.example\"]\n"},
	} {
		t.Run(name, func(t *testing.T) {
			a.handlers = echo
			s := serve(t, a)
			for origin, status := range map[string]int{"https://shop.example": 101, "http://other.example": 101, "https://evil.example": 403} {
				if got := s.raw(upgrade(key, version, cookie, agent, "Origin: "+origin)); got.StatusCode != status {
					t.Errorf("%s: got %s", origin, got.Status)
				}
			}
		})
	}
}

func TestNothingOfPHPReachesARefusedClient(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: `
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address)
{
	echo "secret output";
	if ($cookies=="die") { undefined_function("secret argument"); }
	return False;
}`})
	for cookie, status := range map[string]int{"no": 403, "die": 500} {
		response := s.refused(headers(cookie))
		body, _ := io.ReadAll(response.Body)
		if response.StatusCode != status || strings.Contains(string(body), "secret") || strings.Contains(string(body), "undefined") {
			t.Errorf("%s: got %s %q", cookie, response.Status, body)
		}
	}
	s.log.wait("handler failed", "undefined_function", "push_server_events.php")
}

func TestHalfAHandshakeIsGivenUp(t *testing.T) {
	s := serve(t, app{handlers: echo, toml: "[server]\nhandshake_timeout = \"300ms\"\n"})
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: a\r\n"); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.ReadAll(conn); err != nil {
		t.Errorf("the connection was not closed: %v", err)
	}
}
