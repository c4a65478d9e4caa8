package wire

import (
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// The handshake's time counts from the accepted socket on, whatever drips in.
func TestASlowHeaderEndsAtTheHandshakesTimeout(t *testing.T) {
	const timeout = 600 * time.Millisecond
	for name, row := range map[string]struct {
		handlers, toml, begin, drip string
	}{
		"request line":          {harness.Echo, "", "", "GET /aaaaaaaa"},
		"fields":                {harness.Echo, "", "GET / HTTP/1.1\r\n", "X: a\r\n"},
		"one field":             {harness.Echo, "", "GET / HTTP/1.1\r\nX: ", "a"},
		"nothing":               {harness.Echo, "", "", ""},
		"behind a PROXY header": {harness.Echo, trusting + "proxy_protocol = true\n", "PROXY TCP4 203.0.113.7 192.0.2.1 4711 80\r\n", "GET /aaaaaaaa"},
		"before a PROXY header": {harness.Echo, trusting + "proxy_protocol = true\n", "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x0f\xff", "\x00"},
		"each byte asked about": {harness.Echo + `function ws_server_read(&$connections,&$connection,$client_key,$data) { return ""; }`, "", "GET / HTTP/1.1\r\nX: ", "a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if row.toml == "" {
				row.toml = "[server]\n"
			}
			s := harness.Serve(t, harness.App{Handlers: row.handlers, TOML: row.toml + "handshake_timeout = \"600ms\"\n"})
			c := s.Open("127.0.0.1", row.begin)
			took := time.Duration(0)
			if row.drip == "" {
				began := time.Now()
				c.Answer()
				took = time.Since(began)
			} else {
				took = drip(c, row.drip)
			}
			if took < timeout/2 {
				t.Errorf("it took %v", took)
			}
		})
	}
}
