package wire

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestWhatTheServerIsAskedFor(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: mirror, TOML: `[server]
allowed_hosts = ["shop.example", "*.shop.example", "127.0.0.1"]
allowed_origins = ["https://*.partner.example", "http://dev.example:*"]
paths = ["/ws", "/chat/"]
subprotocols = ["v2.chat", "v1.chat"]
`})
	ask := func(target, host string, more ...string) string {
		lines := append([]string{"GET " + target + " HTTP/1.1", "Host: " + host, "Connection: Upgrade", "Upgrade: websocket", key, version, cookie, agent}, more...)
		return strings.Join(lines, "\r\n") + "\r\n\r\n"
	}
	for name, row := range map[string]struct {
		request string
		status  int
	}{
		"host":                       {ask("/ws", "shop.example"), 101},
		"host below":                 {ask("/ws", "a.b.shop.example:50000"), 101},
		"another host":               {ask("/ws", "evil.example"), 421},
		"a host that looks alike":    {ask("/ws", "evilshop.example"), 421},
		"rebound":                    {ask("/ws", "evil.example", "Origin: http://evil.example"), 421},
		"no websocket, another host": {"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421},
		"absolute target":            {ask("http://shop.example/ws", "evil.example"), 101}, // RFC 9112, section 3.2.2: the Host header does not count
		"absolute target elsewhere":  {ask("http://evil.example/ws", "shop.example"), 421},
		"ftp":                        {ask("ftp://shop.example/ws", "shop.example"), 400},
		"origin below":               {ask("/ws", "shop.example", "Origin: https://a.partner.example"), 101},
		"origin itself":              {ask("/ws", "shop.example", "Origin: https://partner.example"), 403},
		"origin, other scheme":       {ask("/ws", "shop.example", "Origin: http://a.partner.example"), 403},
		"origin, other port":         {ask("/ws", "shop.example", "Origin: https://a.partner.example:8443"), 403},
		"origin, any port":           {ask("/ws", "shop.example", "Origin: http://dev.example:3000"), 101},
		"origin with a user":         {ask("/ws", "shop.example", "Origin: http://evil.example@shop.example"), 403},
		"same origin":                {ask("/ws", "shop.example", "Origin: https://shop.example"), 101},
		"two origins":                {ask("/ws", "shop.example", "Origin: https://shop.example", "Origin: https://evil.example"), 400},
		"below a path":               {ask("/chat/room?x=1", "shop.example"), 101},
		"another path":               {ask("/", "shop.example"), 404},
		"below no folder":            {ask("/ws/x", "shop.example"), 404},
		"out of a folder":            {ask("/chat/../admin", "shop.example"), 404},
		"out of it, encoded":         {ask("/chat/%2e%2e/admin", "shop.example"), 404},
		"sub-protocols, malformed":   {ask("/ws", "shop.example", "Sec-WebSocket-Protocol: a b"), 400},
		"sub-protocols, one twice":   {ask("/ws", "shop.example", "Sec-WebSocket-Protocol: a", "Sec-WebSocket-Protocol: a"), 400},
	} {
		t.Run(name, func(t *testing.T) {
			if got := s.In(t).Open("127.0.0.1", row.request).Answer(); got.StatusCode != row.status {
				t.Errorf("got %s", got.Status)
			}
		})
	}
	for offered, agreed := range map[string]string{"v1.chat": "v1.chat", "v1.chat, v2.chat": "v2.chat", "other": "", "other, v1.chat": "v1.chat", "V2.CHAT": ""} {
		c := s.Open("127.0.0.1", ask("/ws", "shop.example", "Sec-WebSocket-Protocol: "+offered))
		response := c.Answer()
		if got := response.Header.Values("Sec-WebSocket-Protocol"); response.StatusCode != 101 || strings.Join(got, "|") != agreed {
			t.Errorf("%s: got %s, %q", offered, response.Status, got)
		}
		told := c.Next().Payload
		if strings.Contains(told, "WSBRIDGE_SUBPROTOCOL") != (agreed != "") || agreed != "" && !strings.Contains(told, `"WSBRIDGE_SUBPROTOCOL":"`+agreed+`"`) {
			t.Errorf("%s: PHP is not told %q", offered, agreed)
		}
		if !strings.Contains(told, `"HTTP_SEC_WEBSOCKET_PROTOCOL":"`+offered+`"`) {
			t.Errorf("%s: PHP does not see the offer", offered)
		}
	}
}

func TestWithoutSubprotocolsNoneIsAgreedTo(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: mirror})
	response := s.Open("127.0.0.1", upgrade(key, version, cookie, agent, "Sec-WebSocket-Protocol: chat")).Answer()
	if got := response.Header["Sec-Websocket-Protocol"]; response.StatusCode != 101 || got != nil {
		t.Errorf("got %s, %q", response.Status, got)
	}
}

func TestWhatIsNoHandshake(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: mirror})
	good := upgrade(key, version, cookie, agent)
	for name, row := range map[string]struct {
		request string
		status  int
	}{
		"http/1.0":              {strings.Replace(good, "HTTP/1.1", "HTTP/1.0", 1), 426}, // RFC 9110, section 7.8: Upgrade is ignored
		"http/2 preface":        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
		"http/3":                {strings.Replace(good, "HTTP/1.1", "HTTP/3.0", 1), 505},
		"no http":               {"SSH-2.0-OpenSSH_9.2\r\n", 400},
		"tls":                   {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400},
		"post":                  {strings.Replace(good, "GET", "POST", 1), 405},
		"a body":                {upgrade(key, version, cookie, agent, "Content-Length: 5") + "hello", 400},
		"a body in chunks":      {upgrade(key, version, cookie, agent, "Transfer-Encoding: chunked") + "0\r\n\r\n", 400},
		"a body to come":        {upgrade(key, version, cookie, agent, "Content-Length: 5", "Expect: 100-continue"), 400},
		"no length":             {upgrade(key, version, cookie, agent, "Content-Length: 0"), 101},
		"frames behind it":      {good + "\x81\x81\x00\x00\x00\x00x", 400},
		"a request behind it":   {good + "GET / HTTP/1.1\r\n", 400},
		"two keys":              {upgrade(key, key, version, cookie, agent), 400},
		"two versions":          {upgrade(key, version, "Sec-WebSocket-Version: 8", cookie, agent), 400},
		"no version":            {upgrade(key, cookie, agent), 426},
		"versions in a list":    {upgrade(key, "Sec-WebSocket-Version: 13, 8", cookie, agent), 426},
		"two hosts":             {upgrade(key, version, cookie, agent, "Host: evil.example"), 400},
		"a bad host":            {strings.Replace(good, "Host: 127.0.0.1", "Host: a b", 1), 400},
		"asterisk":              {strings.Replace(good, "/x", "*", 1), 400},
		"authority":             {strings.Replace(good, "/x", "127.0.0.1:80", 1), 400},
		"a space in the target": {strings.Replace(good, "/x", "/a b", 1), 400},
		"folded":                {upgrade(key, version, agent, "Cookie: a=b;\r\n c=d"), 101},
		"folded at once":        {strings.Replace(good, "Host", " X: y\r\nHost", 1), 400},
		"a space in a name":     {upgrade(key, version, cookie, agent, "X-Y : z"), 400},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.In(t).Open("127.0.0.1", row.request).Answer()
			if got.StatusCode != row.status {
				t.Errorf("got %s", got.Status)
			}
			if row.status == 426 && (got.Header.Get("Sec-WebSocket-Version") != "13" || got.Header.Get("Upgrade") != "websocket") {
				t.Errorf("got %v", got.Header)
			}
			if body, _ := io.ReadAll(io.LimitReader(got.Body, 1000)); row.status != 101 && strings.Contains(string(body), "evil") {
				t.Errorf("the answer repeats what it was sent: %s", body)
			}
		})
	}
}

func TestTheSizeOfAHandshakeIsLimited(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: mirror, TOML: "[server]\n"})
	fill := func(size int) string { // a handshake of exactly that many bytes
		empty := len(upgrade(key, version, cookie, agent, "X: "))
		return upgrade(key, version, cookie, agent, "X: "+strings.Repeat("a", size-empty))
	}
	many := func(n int) string {
		lines := []string{key, version, cookie, agent}
		for i := len(lines) + 2; i < n; i++ { // Connection and Upgrade; Host does not count
			lines = append(lines, fmt.Sprintf("X-%d: a", i))
		}
		return upgrade(lines...)
	}
	target := func(n int) string {
		return strings.Replace(upgrade(key, version, cookie, agent), "/x", "/"+strings.Repeat("x", n-1), 1)
	}
	for name, row := range map[string]struct {
		request string
		status  int
	}{
		"as large as may be": {fill(48 << 10), 101},
		"a byte more":        {fill(48<<10 + 1), 431},
		"far more":           {fill(100 << 10), 431},
		"many fields":        {many(100), 101},
		"too many fields":    {many(101), 431},
		"a long target":      {target(8000), 101},
		"too long a target":  {target(8001), 414},
	} {
		t.Run(name, func(t *testing.T) {
			if got := s.In(t).Open("127.0.0.1", row.request).Answer(); got.StatusCode != row.status {
				t.Errorf("got %s", got.Status)
			}
		})
	}
	// The server does not wait for the end of a header that is too long.
	c := s.Open("127.0.0.1", "GET / HTTP/1.1\r\nX: "+strings.Repeat("a", 64<<10))
	if got := c.Answer(); got.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("without an end: got %s", got.Status)
	}
}

// What a client writes becomes one value in PHP, unchanged, or it is refused.
func TestNothingIsInjected(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: mirror})
	refused := map[string]string{}
	for _, place := range []string{"Cookie: a=", "User-Agent: a", "Sec-WebSocket-Protocol: a", "X-Test: a", "Origin: http://127.0.0.1", "X-Test"} {
		for _, bad := range []string{"\x00", "\rX: y", "\x01", "\x7f"} {
			refused[fmt.Sprintf("%q in %s", bad, place)] = upgrade(key, version, cookie, agent, place+bad+"b: c")
		}
	}
	for _, bad := range []string{"\x00", "\r", "\x01", "\x7f", "%00", "%0d%0aX:y", "%zz"} {
		refused[fmt.Sprintf("%q in the path", bad)] = strings.Replace(upgrade(key, version, cookie, agent), "/x", "/a"+bad+"b", 1)
	}
	for _, bad := range []string{"\x00", "\r", "\x01", "\x7f"} {
		refused[fmt.Sprintf("%q in the query", bad)] = strings.Replace(upgrade(key, version, cookie, agent), "/x", "/?a"+bad+"b", 1)
	}
	for name, request := range refused {
		if got := s.Open("127.0.0.1", request).Answer(); got.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: got %s", name, got.Status)
		}
	}
	if s.ReadIfThere("asked") != "" {
		t.Error("PHP was asked about one of them")
	}

	k := knownTo(s.Open("127.0.0.1", strings.Replace(upgrade(key, version, "User-Agent: <a>\t\"b\" \\n", "Cookie: a=<b>; HTTPS=on",
		"Cookie: c=1\r\n 2", "Proxy: http://evil.example", "PROXY: http://evil.example", "X_Forwarded_For: 6.6.6.6", "X.Forwarded.For: 6.6.6.6",
		"Wsbridge-Token: x", "Wsbridge_Token: x", "Wsbridge-Subprotocol: x", "Wsbridge_Subprotocol: x", "Php-Value: memory_limit=1M",
		"Https: on", "Remote-Addr: 6.6.6.6", "Content-Type: text/plain", "Authorization: Basic YTpi"),
		"/x", "http://x:y@127.0.0.1/%C3%A4?a=%00%0D%0A&b[]=1#f", 1)))
	for name, want := range map[string]any{
		"HTTP_USER_AGENT": "<a>\t\"b\" \\n", "HTTP_COOKIE": "a=<b>; HTTPS=on; c=1 2", "REQUEST_URI": "/%C3%A4?a=%00%0D%0A&b[]=1#f",
		"QUERY_STRING": "a=%00%0D%0A&b[]=1#f", "HTTP_HOST": "127.0.0.1", "REQUEST_METHOD": "GET", "REMOTE_ADDR": "127.0.0.1",
		"HTTP_REMOTE_ADDR": "6.6.6.6", "HTTP_HTTPS": "on", "HTTP_WSBRIDGE_SUBPROTOCOL": "x", "REQUEST_SCHEME": "http",
		"HTTPS": nil, "HTTP_PROXY": nil, "HTTP_X_FORWARDED_FOR": nil, "PHP_VALUE": nil, "WSBRIDGE_SUBPROTOCOL": nil, "CONTENT_TYPE": nil,
	} {
		if k.Server[name] != want {
			t.Errorf("%s is %v, want %v", name, k.Server[name], want)
		}
	}
	if k.Told[0] != "a=<b>; HTTPS=on; c=1 2" || k.Told[1] != "<a>\t\"b\" \\n" || !strings.HasPrefix(k.Told[2], "127.0.0.1") {
		t.Errorf("authenticate was told %q", k.Told)
	}
}
