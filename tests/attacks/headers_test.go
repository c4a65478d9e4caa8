package attacks

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// seen tells what PHP knows of the handshake when it is asked, and echoes otherwise.
const seen = `
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { return True; }
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	send_text($client_key,$msg=="what do you see?" ? json_encode($_SERVER) : $msg);
}
`

func TestHeadersThatAttackTheApplication(t *testing.T) {
	s := serve(t, seen, "")
	survives(t, s, func(t *testing.T) {
		p, response := s.In(t).Handshake("Proxy: http://evil.example", "Cookie: a=b%0d%0aX-Evil: 1", "User-Agent: a%00b",
			"Sec-WebSocket-Protocol: chat, superchat", "Script-Filename: /etc/passwd", "Wsbridge-Contract: 9")
		if response.StatusCode != 101 || response.Header.Get("Sec-WebSocket-Protocol") != "" || len(response.Cookies()) > 0 {
			t.Fatalf("got %s, %v", response.Status, response.Header)
		}
		p.Send(text("what do you see?"))
		var env map[string]any
		if err := json.Unmarshal([]byte(p.Next().Payload), &env); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]any{
			"HTTP_PROXY": nil, "HTTP_X_EVIL": nil, "HTTP_COOKIE": "a=b%0d%0aX-Evil: 1", "HTTP_USER_AGENT": "a%00b", "REQUEST_URI": "/",
		} {
			if env[name] != want {
				t.Errorf("%s is %v, want %v", name, env[name], want)
			}
		}
		if file, _ := env["SCRIPT_FILENAME"].(string); !strings.HasSuffix(file, ".php") {
			t.Errorf("SCRIPT_FILENAME is %q", file)
		}
		p.Bye()
	})
}

func TestBytesThatNoHandshakeMayHave(t *testing.T) {
	s := serve(t, harness.Echo, "")
	survives(t, s, func(t *testing.T) {
		for _, bad := range []string{"\x00", "\r", "\n", "\x01", "\x7f"} {
			for _, line := range []string{
				"GET /" + bad + " HTTP/1.1\r\nHost: h",
				"GET / HTTP/1.1\r\nHost: h" + bad + "x",
				"GET / HTTP/1.1\r\nHost: h\r\nCookie: a=" + bad + "b",
				"GET / HTTP/1.1\r\nHost: h\r\nUser-Agent: a" + bad + "b",
				"GET / HTTP/1.1\r\nHost: h\r\nSec-WebSocket-Protocol: a" + bad + "b",
			} {
				if status := statusOf(t, s, line); status != 400 {
					t.Errorf("%q: got %d", line, status)
				}
			}
		}
	})
}

// statusOf returns the status of the answer to a handshake that begins with head, 0 if no answer comes.
func statusOf(t *testing.T, s *server, head string) (status int) {
	t.Helper()
	conn, err := net.Dial("tcp", s.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(harness.Patience))
	fmt.Fprint(conn, head, "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n",
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
	line, _ := bufio.NewReader(conn).ReadString('\n') // none: 0
	_, _ = fmt.Sscanf(line, "HTTP/1.1 %d", &status)
	return status
}
