package wire

import (
	"io"
	"net"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// exchanging refuses those who ask for it, echoes, and closes on demand.
var exchanging = strings.Replace(mirror, "return True;", `return !isset($_GET["deny"]);`, 1) + `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	if ($msg==="close") close_client($client_key,4001,"bye ä"); else send_text($client_key,$msg);
}`

// visit is a client of a server, whose address is the proxy's.
type visit struct {
	*harness.Server
	proxy proxy
	from  string // the client's address
}

// in returns v for a subtest.
func (v visit) in(t *testing.T) visit {
	v.Server = v.Server.In(t)
	return v
}

// visits are what must work through every proxy.
var visits = map[string]func(visit){
	"address":        visit.address,
	"no handshake":   visit.noHandshake,
	"another origin": visit.anotherOrigin,
	"refused":        visit.refused,
	"messages":       visit.messages,
	"fragments":      visit.fragments,
	"closed":         visit.closed,
	"closes":         visit.closes,
	"hangs up":       visit.hangsUp,
}

// request is a page's handshake, with further header lines.
func (v visit) request(more ...string) string {
	return strings.Replace(v.Request(append([]string{cookie, agent}, more...)...), "GET / ", "GET /ws/ ", 1)
}

// open opens a WebSocket, with further header lines.
func (v visit) open(more ...string) (*harness.Peer, known) {
	v.T.Helper()
	c := v.Open(v.from, v.request(append(more, "Origin: https://"+v.Address)...))
	return c, knownTo(c)
}

func (v visit) noHandshake() {
	v.wantAnswer(426, "this is a websocket server\n", "GET /ws/ HTTP/1.1\r\nHost: "+v.Address+"\r\n\r\n")
}

func (v visit) anotherOrigin() {
	v.wantAnswer(403, "origin not allowed\n", v.request("Origin: https://evil.example"))
}

func (v visit) refused() {
	v.wantAnswer(403, "forbidden\n", strings.Replace(v.request(), "/ws/", "/ws/?deny=1", 1))
}

func (v visit) wantAnswer(status int, body, request string) {
	v.T.Helper()
	got := v.Open(v.from, request).Answer()
	if text, _ := io.ReadAll(got.Body); got.StatusCode != status || string(text) != body {
		v.T.Errorf("got %s: %q, want %d: %q", got.Status, text, status, body)
	}
}

func (v visit) address() {
	c, k := v.open("X-Forwarded-For: 192.0.2.1", "X-Forwarded-Proto: ftp", "X-Forwarded-Host: evil.example", "X-Real-IP: 192.0.2.1",
		"Forwarded: for=192.0.2.1;host=evil.example;proto=ftp", "X-Forwarded-For: 127.0.0.1")
	port := "0" // a header names none
	if v.proxy.proxyProtocol {
		_, port, _ = net.SplitHostPort(c.Conn.LocalAddr().String())
	}
	if k.Peer != v.from+":"+port || k.Server["REMOTE_ADDR"] != v.from || !strings.HasPrefix(k.Told[2], v.from) {
		v.T.Errorf("row %s, PHP sees %v, authenticate %q", k.Peer, k.Server["REMOTE_ADDR"], k.Told)
	}
	if isTLS := k.Server["HTTPS"] == "on"; isTLS == v.proxy.noHTTPS || k.Server["HTTP_HOST"] != v.Address {
		v.T.Errorf("HTTPS %v, Host %v", k.Server["HTTPS"], k.Server["HTTP_HOST"])
	}
	if !v.proxy.proxyProtocol {
		for _, name := range []string{"HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST"} {
			if told, _ := k.Server[name].(string); strings.Contains(told, "192.0.2.1") || strings.Contains(told, "evil") {
				v.T.Errorf("%s is what the client made up: %s", name, told)
			}
		}
	}
	v.Log.Wait("", v.from+":"+port)
}

func (v visit) messages() {
	c, _ := v.open()
	for _, text := range []string{"hello ä", strings.Repeat("large ä ", 1<<20/9), "bye"} {
		wantEcho(c, text)
	}
}

func (v visit) fragments() {
	c, _ := v.open()
	c.Send(harness.Text("one ").Part(), harness.Ping("between"))
	if got := next(c); got != harness.Pong("between") {
		v.T.Errorf("got %v", got)
	}
	c.Send(harness.Rest("two ").Part(), harness.Rest("three"))
	if got := next(c); got != harness.Text("one two three") {
		v.T.Errorf("got %v", got)
	}
}

func (v visit) closed() {
	c, _ := v.open()
	c.Send(harness.Text("close"))
	wantClosing(c, 4001, "bye ä")
}

func (v visit) closes() {
	c, k := v.open()
	c.Send(harness.Closing(4002, "done"))
	wantClosing(c, 4002, "")
	v.Log.Wait("client left", `"client"`, k.Peer, "4002")
}

func (v visit) hangsUp() {
	c, k := v.open()
	c.Conn.Close()
	v.Log.Wait("client left", `"hangup"`, k.Peer)
}

// next returns the next frame that is no ping.
func next(c *harness.Peer) harness.Frame {
	c.T.Helper()
	for {
		f := c.Next()
		if f.Op != harness.OpPing {
			return f
		}
	}
}

func wantEcho(c *harness.Peer, text string) {
	c.T.Helper()
	c.Send(harness.Text(text))
	if got := next(c); got != harness.Text(text) {
		c.T.Errorf("got %v, want %.40q", got, text)
	}
}

// wantClosing takes a close frame, answers it, and wants the end of the connection.
func wantClosing(c *harness.Peer, code uint16, reason string) {
	c.T.Helper()
	if got := next(c); got != harness.Closing(code, reason) {
		c.T.Fatalf("got %v, want %d %q", got, code, reason)
	}
	c.Send(harness.Closing(code, ""))
	c.Ends()
}
