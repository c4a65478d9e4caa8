package fastcgi

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func offline(t *testing.T) *Client {
	t.Helper()
	c, err := New(Config{Network: "unix", Address: "/nowhere", Script: "/lib/wsbridge.php", EventsFile: "/srv/app/push_server_events.php"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func handshake(change ...func(*http.Request)) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/chat/room%201?room=a&x=%20y", nil)
	r.Host = "example.org:8080"
	r.RemoteAddr = "192.0.2.7:4711"
	r.Header.Set("User-Agent", "test/1")
	for _, f := range change {
		f(r)
	}
	return r
}

func TestEnvironmentOfAHandshake(t *testing.T) {
	c := offline(t)
	got, err := c.Environment(handshake(func(r *http.Request) {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Content-Length", "5")
		r.Header.Add("Cookie", "a=1; b=2")
		r.Header.Add("Cookie", "c=3")
		r.Header.Add("X-Forwarded-For", "203.0.113.1")
		r.Header.Add("X-Forwarded-For", "203.0.113.2")
		r.Header.Set("Accept-Encoding", "gzip")
	}), "")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"DOCUMENT_ROOT": "/srv/app", "DOCUMENT_URI": "/chat/room 1",
		"GATEWAY_INTERFACE": "CGI/1.1", "HTTP_COOKIE": "a=1; b=2; c=3", "HTTP_HOST": "example.org:8080",
		"HTTP_USER_AGENT": "test/1", "HTTP_X_FORWARDED_FOR": "203.0.113.1,203.0.113.2",
		"QUERY_STRING": "room=a&x=%20y", "REDIRECT_STATUS": "200", "REMOTE_ADDR": "192.0.2.7", "REMOTE_PORT": "4711",
		"REQUEST_METHOD": "GET", "REQUEST_SCHEME": "http", "REQUEST_URI": "/chat/room%201?room=a&x=%20y",
		"SCRIPT_FILENAME": "/lib/wsbridge.php", "SCRIPT_NAME": "/wsbridge.php", "SERVER_NAME": "example.org",
		"SERVER_PORT": "8080", "SERVER_PROTOCOL": "HTTP/1.1", "SERVER_SOFTWARE": "wsbridge",
	}
	params := decodePairs(t, got)
	for name, value := range want {
		if params[name] != value {
			t.Errorf("%s: got %q, want %q", name, params[name], value)
		}
		delete(params, name)
	}
	if len(params) > 0 {
		t.Errorf("unexpected %v", params)
	}
}

func TestEnvironmentOfAddresses(t *testing.T) {
	c := offline(t)
	local := func(r *http.Request) {
		addr := &net.TCPAddr{IP: net.ParseIP("2001:db8::1"), Port: 443}
		*r = *r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(addr)))
		r.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, CipherSuite: tls.TLS_AES_128_GCM_SHA256, ServerName: "shop.example"}
	}
	for _, test := range []struct{ remote, addr, port string }{
		{"[2001:db8::7]:4711", "2001:db8::7", "4711"},
		{"[fe80::1%eth0]:4711", "fe80::1", "4711"},
		{"[::ffff:192.0.2.7]:1", "192.0.2.7", "1"},
		{"192.0.2.7", "192.0.2.7", ""},
		{"2001:db8::7", "2001:db8::7", ""},
		{"@", "", ""},
	} {
		got, err := c.Environment(handshake(local, func(r *http.Request) { r.RemoteAddr = test.remote }), "")
		if err != nil {
			t.Fatal(err)
		}
		params := decodePairs(t, got)
		if params["REMOTE_ADDR"] != test.addr || params["REMOTE_PORT"] != test.port {
			t.Errorf("%s: got %q, %q", test.remote, params["REMOTE_ADDR"], params["REMOTE_PORT"])
		}
		if params["HTTPS"] != "on" || params["REQUEST_SCHEME"] != "https" || params["SERVER_ADDR"] != "2001:db8::1" || params["SERVER_PORT"] != "443" {
			t.Errorf("got %v", params)
		}
		for name, want := range map[string]string{"SSL_PROTOCOL": "TLSv1.3", "SSL_CIPHER": "TLS_AES_128_GCM_SHA256", "SSL_TLS_SNI": "shop.example"} {
			if params[name] != want {
				t.Errorf("%s: got %q", name, params[name])
			}
		}
	}
}

func TestEnvironmentOfAClientBehindAProxy(t *testing.T) {
	got, err := offline(t).Environment(handshake(func(r *http.Request) {
		r.RemoteAddr, r.URL.Scheme = "[2001:db8::7]:0", "https"
		r.Header.Set("Sec-WebSocket-Protocol", "v1.chat, v2.chat")
	}), "v2.chat")
	if err != nil {
		t.Fatal(err)
	}
	params := decodePairs(t, got)
	for name, want := range map[string]string{
		"REMOTE_ADDR": "2001:db8::7", "HTTPS": "on", "REQUEST_SCHEME": "https", "REQUEST_URI": "/chat/room%201?room=a&x=%20y",
		"WSBRIDGE_SUBPROTOCOL": "v2.chat", "HTTP_SEC_WEBSOCKET_PROTOCOL": "v1.chat, v2.chat",
	} {
		if params[name] != want {
			t.Errorf("%s: got %q", name, params[name])
		}
	}
	if port, ok := params["REMOTE_PORT"]; ok {
		t.Errorf("REMOTE_PORT is %s, but it is not known", port)
	}
}

func TestEnvironmentHoldsNothingThatAClientMayNotSet(t *testing.T) {
	c := offline(t)
	got, err := c.Environment(handshake(func(r *http.Request) {
		for _, name := range []string{"Proxy", "PROXY", "X_Real_Ip", "X.Real.Ip", "X Real Ip", "Content_Type", "Wsbridge_Token", "", "É"} {
			r.Header[name] = []string{"bad"}
		}
		for _, name := range []string{"Wsbridge-Token", "Wsbridge-Events-File", "Php-Value", "Php-Admin-Value", "Script-Filename", "Remote-Addr", "Https"} {
			r.Header.Set(name, "harmless")
		}
	}), "")
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range decodePairs(t, got) {
		if value == "bad" || value == "harmless" && !strings.HasPrefix(name, "HTTP_") {
			t.Errorf("%s=%s", name, value)
		}
		for _, ours := range []string{"WSBRIDGE_", "PHP_", "HTTP_PROXY"} {
			if strings.HasPrefix(name, ours) {
				t.Errorf("%s=%s", name, value)
			}
		}
	}
}

func TestBadHeadersAreRefused(t *testing.T) {
	c := offline(t)
	for name, change := range map[string]func(*http.Request){
		"null byte":           func(r *http.Request) { r.Header.Set("Cookie", "a=\x00") },
		"line feed":           func(r *http.Request) { r.Header["X-Test"] = []string{"a", "b\nStatus: 1"} },
		"carriage return":     func(r *http.Request) { r.Header["X-Test"] = []string{"\r"} },
		"in a name":           func(r *http.Request) { r.Header["X-Te\nst"] = []string{"a"} },
		"in a dropped header": func(r *http.Request) { r.Header["X_Test"] = []string{"\x00"} },
		"in host":             func(r *http.Request) { r.Host = "a\r\nb" },
		"in the query":        func(r *http.Request) { r.URL.RawQuery = "a=\x00" },
		"in the path":         func(r *http.Request) { r.URL.Path = "/a\x00" },
		"in the address":      func(r *http.Request) { r.RemoteAddr = "a\n:1" },
		"too long":            func(r *http.Request) { r.Header.Set("Cookie", strings.Repeat("secret", maxEnvironment/6)) },
	} {
		_, err := c.Environment(handshake(change), "")
		if !errors.Is(err, ErrBadHeader) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestPHPSeesTheHandshake(t *testing.T) {
	s := newSite(t)
	s.own(t, 1)
	c := s.client(t)
	environment, err := c.Environment(handshake(func(r *http.Request) {
		r.Header.Add("Cookie", "PHPSESSID=abc")
		r.Header.Add("Cookie", "b=2")
		r.Header.Set("X-Real-Ip", "203.0.113.1")
		r.Header["X.Real.Ip"] = []string{"6.6.6.6"} // PHP would write underscores for the dots
		r.Header["X_real_ip"] = []string{"6.6.6.6"}
		r.Header.Set("Php-Value", "memory_limit=1M")
	}), "")
	if err != nil {
		t.Fatal(err)
	}
	var server map[string]any
	askJSON(t, c, environment, "server:", &server)
	for name, want := range map[string]string{
		"HTTP_X_REAL_IP": "203.0.113.1", "WSBRIDGE_CONTRACT": "1",
		"WSBRIDGE_EVENTS_FILE": s.path("events.php"), "WSBRIDGE_OPTIONS": "1\n" + s.path("events.php") + "\n\n\nevery\n\n\n\n\n\n19", // a second less than the timeout
		"REMOTE_ADDR": "192.0.2.7", "REQUEST_METHOD": "GET", "SCRIPT_FILENAME": s.path("entry.php"), "PHP_SELF": "/entry.php",
	} {
		if server[name] != want {
			t.Errorf("%s: got %v, want %q", name, server[name], want)
		}
	}
	if token, _ := server["WSBRIDGE_TOKEN"].(string); len(token) != 32 {
		t.Errorf("the token is %q", token)
	}
	var request struct{ Get, Cookie map[string]string }
	askJSON(t, c, environment, "request:", &request)
	if request.Get["room"] != "a" || request.Get["x"] != " y" || request.Cookie["PHPSESSID"] != "abc" || request.Cookie["b"] != "2" {
		t.Errorf("got %+v", request)
	}
	var limit string
	askJSON(t, c, environment, "ini:memory_limit", &limit)
	if limit != "512M" {
		t.Errorf("memory_limit is %s", limit)
	}
	var own map[string]any
	askJSON(t, c, nil, "server:", &own)
	if own["SCRIPT_FILENAME"] != s.path("entry.php") || own["HTTP_HOST"] != nil || own["REMOTE_ADDR"] != nil {
		t.Errorf("the server's own environment is %v", own)
	}
}

func askJSON(t *testing.T, c *Client, environment []byte, payload string, result any) {
	t.Helper()
	a, err := ask(t.Context(), c, environment, payload)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(a.result), result); err != nil {
		t.Fatalf("%v in %s", err, a.result)
	}
}

// The environment of another process gets this client's script, and keeps what the handshake brought.
func TestInherit(t *testing.T) {
	other, err := New(Config{Network: "unix", Address: "/nowhere", Script: "/run/other/old.php", EventsFile: "/srv/old/events.php"})
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := other.Environment(handshake(), "chat")
	if err != nil {
		t.Fatal(err)
	}
	c := offline(t)
	want, err := c.Environment(handshake(), "chat")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.Inherit(theirs); err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %q %v, want %q", got, err, want)
	}
	for end := range len(theirs) { // none makes it panic
		if got, err := c.Inherit(theirs[:end]); err == nil && len(got) >= len(want) {
			t.Errorf("cut at %d: got %q", end, got)
		}
	}
	for _, none := range []string{"", "\x05", "\xff", "\xff\xff\xff\xff\xff", "\x01\xff\xff\xff\xffx"} {
		if got, err := c.Inherit([]byte(none)); err == nil {
			t.Errorf("%q: got %q", none, got)
		}
	}
}
