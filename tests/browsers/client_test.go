package browsers

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/tests/harness/browser"
)

// visit is a browser's visit to a site.
type visit struct {
	browser.Page
	t    *testing.T
	site *site
}

// cases need a site each, with its lines of configuration.
var cases = map[string]struct {
	toml string
	run  func(*visit)
}{
	"returns to a server that was restarted":    {"", (*visit).restart},
	"drops what does not fit":                   {"", (*visit).full},
	"pauses when the server asks for it":        {"", (*visit).pause},
	"stops after a final code":                  {"", (*visit).final},
	"stops when the page closes it":             {"", (*visit).closed},
	"returns to a server that was full":         {"[server]\nmax_connections = 1\n", (*visit).refused},
	"waits for the network":                     {"", (*visit).offline},
	"returns when its page is visible again":    {"", (*visit).hidden},
	"notices a server that says nothing":        {"", (*visit).silent},
	"asks for the address before each attempt":  {"", (*visit).address},
	"returns when its page is returned to":      {"", (*visit).left},
	"leaves a plain WebSocket as the browser's": {"", (*visit).plain},
	"speaks as a WebSocket does":                {"[server]\nsubprotocols = [\"chat\"]\n", (*visit).speak},
	"knows the endings of the documentation":    {"", (*visit).endings},
}

func TestClientInChromium(t *testing.T) {
	b := browser.Start(t)
	runAll(t, func(t *testing.T, url string) browser.Page { return b.Open(t, url) })
}

func TestClientInFirefox(t *testing.T) {
	f := browser.StartFirefox(t)
	runAll(t, func(t *testing.T, url string) browser.Page { return f.Open(t, url) })
}

func runAll(t *testing.T, open func(*testing.T, string) browser.Page) {
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startSite(t, c.toml)
			v := &visit{open(t, s.url), t, s}
			v.Evaluate("loaded")
			c.run(v)
			v.want("trouble", "[]")
			v.Evaluate("typeof a === 'undefined' || a.close()") // a server that stops would wait for it
		})
	}
}

// do runs statements.
func (v *visit) do(statements string) {
	v.t.Helper()
	v.Evaluate("(() => {" + statements + "})()")
}

func (v *visit) want(expression, want string) {
	v.t.Helper()
	if got := v.Evaluate(expression); got != want {
		v.t.Errorf("%s: got %s, want %s\nevents: %s", expression, got, want, v.Evaluate("typeof a === 'undefined' ? [] : a.events"))
	}
}

func (v *visit) restart() {
	v.do(`window.a = connect("/ws", { stableAfter: 0 }); a.onopen = () => a.send("login"); a.send("1")`)
	v.Until("the first message is answered", `a.last("message").data === "you said: 1"`)
	v.site.stop()
	v.Until("the client waits", `a.has("reconnecting", 1001)`)
	v.want("a.readyState", "0")
	v.do(`for (const text of ["2", "3", "4"]) a.send(text);
		const bytes = new Uint8Array([1, 2, 3]); a.send(bytes.subarray(1)); bytes.fill(9)`) // as WebSocket, it copies
	v.want("a.bufferedAmount", "5")
	v.Until("it tries", `a.has("reconnecting", 1006)`)
	v.site.start()
	v.Until("the client is back", `a.all("open").length === 2`)
	v.site.awaitGot("login", "1", "login", "2", "3", "4", "0203")
	v.want("a.bufferedAmount", "0")
	v.want(`a.all("close").length + a.all("drop").length`, "0")
}

func (v *visit) full() {
	v.site.stop()
	v.do(`window.a = connect("/ws", { queueLength: 2 });
		window.b = connect("/ws", { queueBytes: 5, whenFull: "newest" });
		for (const text of ["1", "2", "3"]) a.send(text);
		for (const text of ["ä", "12345", "123", "4"]) b.send(text)`)
	v.want(`a.all("drop").map(e => [e.data, e.cause])`, `[["1","full"]]`)
	v.want(`b.all("drop").map(e => [e.data, e.cause])`, `[["12345","full"],["4","full"]]`)
	v.do(`b.close()`)
	v.Until("what still waits is dropped", `b.all("drop").filter(e => e.cause === "closed").map(e => e.data).join() === "ä,123"`)
	v.site.start()
	v.Until("the rest has arrived", `a.last("message").data === "you said: 3"`)
	v.site.awaitGot("2", "3")
}

// A handler closes the client. In minDelay, which is long here, the pause is from 10 to 60 for 1012, and from 4 to 20 for 1013.
func (v *visit) pause() {
	for _, c := range []struct{ code, least, most string }{{"1012", "1e7", "6e7"}, {"1013", "4e6", "2e7"}} {
		v.do(`window.a = connect("/ws", { minDelay: 1e6, maxDelay: 1e9 }); a.send("close ` + c.code + ` later")`)
		v.Until("the client waits", `a.has("reconnecting", `+c.code+`)`)
		v.want(`a.last("reconnecting").delay >= `+c.least+` && a.last("reconnecting").delay <= `+c.most, "true")
		v.do(`dispatchEvent(new Event("online")); dispatchEvent(new Event("pageshow"))`)
		v.want(`a.all("reconnecting").length`, "1") // the page does not shorten what the server wants
		v.do(`a.retry()`)                           // the user does
		v.Until("the client is back", `a.all("open").length === 2`)
		v.do(`a.close()`)
	}
	v.do(`window.a = connect("/ws"); a.send("close 1013 later")`)
	v.Until("the client is back by itself", `a.all("open").length === 2`)
}

func (v *visit) final() {
	for _, code := range []string{"1000", "1008", "4001"} {
		v.do(`window.a = connect("/ws?` + code + `"); a.send("close ` + code + ` bye ä"); a.onclose = () => a.send("too late")`)
		v.Until("the client has ended", `a.has("close", `+code+`)`)
		v.want(`[a.readyState, a.last("close").reason, a.last("drop").cause]`, `[3,"bye ä","closed"]`)
		v.do(`dispatchEvent(new Event("online")); a.retry()`)
	}
	v.do(`const shouldReconnect = e => e.code === 4001 || ReconnectingWebSocket.shouldReconnect(e);
		window.a = connect("/ws", { shouldReconnect }); a.send("close 4001 log in again")`)
	v.Until("the client is back", `a.all("open").length === 2`) // which took much longer than minDelay
	for _, code := range []string{"1000", "1008", "4001"} {
		if n := v.site.attempts(code); n != 1 {
			v.t.Errorf("%s: %d attempts", code, n)
		}
	}
}

func (v *visit) closed() {
	v.want(`(() => { try { connect("/ws", { minDelays: 1 }) } catch (error) { return error.name } })()`, `"TypeError"`)
	v.want(`(() => { try { connect("ws://[", { connectTimeout: 0 }) } catch (error) { return error.name } })()`, `"TypeError"`) // and no attempt follows
	v.do(`window.a = connect("/ws?open"); a.onopen = () => a.close(4002, "bye"); a.send("waits")`)
	v.Until("the client has ended", `a.has("close", 4002)`)
	v.want(`[a.readyState, a.last("drop").data, a.all("reconnecting").length]`, `[3,"waits",0]`)
	v.site.stop()
	v.do(`window.a = connect("/ws?away", { minDelay: 1e6, maxDelay: 1e6 })`)
	v.Until("the client waits", `a.has("reconnecting", 1006)`)
	v.want(`(() => { try { a.close(1001) } catch (error) { return error.name } })()`, `"InvalidAccessError"`)
	v.do(`a.close(4003); a.close()`)
	v.want("a.readyState", "3") // a moment later
	v.want(`[a.all("close").length, a.last("close").code]`, `[1,4003]`)
	v.do(`dispatchEvent(new Event("online")); a.retry()`)
	v.site.start()
	v.do(`window.a = connect("/ws")`)
	v.Until("another is there", `a.all("open").length === 1`)
	for query, want := range map[string]int{"open": 1, "away": 1} {
		if n := v.site.attempts(query); n != want {
			v.t.Errorf("%s: %d attempts, want %d", query, n, want)
		}
	}
}

// refused needs a server that has room for one client.
func (v *visit) refused() {
	only := v.site.Connect()
	v.do(`window.a = connect("/ws?blind"); window.b = connect("/ws", { maxDelay: 1000, probe: true })`)
	v.Until("it tries again and again", `a.all("reconnecting").length >= 3`)
	v.want(`a.all("open").length`, "0")
	v.do(`a.close()`)
	v.Until("it hears when to try", `b.last("reconnecting").delay >= 2000`) // wsbridge says 2 to 10 s
	v.want(`b.last("reconnecting").delay <= 12500`, "true")
	only.Close(websocket.CloseNormalClosure)
	v.Until("there is room", `b.all("open").length === 1`)
	v.do(`b.close()`)
}

// Only an event makes the client connect: maxDelay is an hour.
func (v *visit) offline() {
	v.do(`window.a = connect("/ws", { maxDelay: 3_600_000 })`)
	v.Until("the client is there", `a.all("open").length === 1`)
	v.Offline(true)
	v.Until("the browser knows", `navigator.onLine === false`)
	v.site.stop()
	v.Until("the client waits for the network", `a.last("reconnecting").delay === 3_600_000`)
	v.site.start()
	v.want(`a.all("open").length`, "1")
	v.Offline(false)
	v.Until("the client is back", `a.all("open").length === 2`)
}

func (v *visit) hidden() {
	v.do(`window.a = connect("/ws", { minDelay: 3_600_000, maxDelay: 3_600_000 })`)
	v.Until("the client is there", `a.all("open").length === 1`)
	v.Hide()
	v.Until("the page is hidden", `document.visibilityState === "hidden"`)
	v.site.stop()
	v.Until("the client waits", `a.last("reconnecting").delay === 3_600_000`)
	v.site.start()
	v.Show()
	v.Until("the client is back", `a.all("open").length === 2`)
}

// A server that is stopped as a process keeps its connections, and takes more.
func (v *visit) silent() {
	v.do(`window.a = connect("/ws", { connectTimeout: 2000, heartbeat: { interval: 100, timeout: 2000, message: () => "ping" } })`)
	v.Until("the server answers", `a.last("message").data === "you said: ping"`)
	v.site.Signal(syscall.SIGSTOP)
	v.t.Cleanup(func() { v.site.Signal(syscall.SIGCONT) })
	v.Until("the client gives it up", `a.all("reconnecting").some(e => e.code === 1006 && e.reason === "no sign of life")`)
	v.Until("and its next attempt", `a.all("reconnecting").some(e => e.reason === "no answer")`)
	v.site.Signal(syscall.SIGCONT)
	v.Until("the client is back", `a.readyState === 1 && a.last("message").data === "you said: ping"`)
}

func (v *visit) address() {
	v.do(`let n = 0; window.a = connect(async () => {
			n++;
			if (n === 2) throw new Error("no token");
			return location.href + "ws?token=" + n;
		})`)
	v.Until("the client is there", `a.all("open").length === 1`)
	v.do(`a.send("close 1011 again")`)
	v.Until("the attempt without a token fails", `a.last("reconnecting").reason === "Error: no token"`)
	v.Until("the client is back", `a.all("open").length === 2`)
	v.want(`a.url === location.href.replace("http", "ws") + "ws?token=3"`, "true")
	if one, three := v.site.attempts("token=1"), v.site.attempts("token=3"); one != 1 || three != 1 {
		v.t.Errorf("%d and %d attempts", one, three)
	}
}

func (v *visit) speak() {
	v.do(`window.a = connect("/ws", {}, ["chess", "chat"]); a.binaryType = "arraybuffer"; a.send("binary"); a.send("close 1011 again")`)
	v.Until("the client is back", `a.all("open").length === 2`)
	v.do(`a.send("binary")`)
	v.Until("both messages have arrived", `a.all("message").length === 2`)
	v.want(`a.all("message").map(e => [...new Uint8Array(e.data)])`, `[[1,2,3],[1,2,3]]`)
	v.want(`[a.protocol, a.OPEN, ReconnectingWebSocket.CLOSED, a.readyState, a.onmessage]`, `["chat",1,3,1,null]`)
	v.do(`let n = 0; a.onmessage = () => { n = 1 }; a.onmessage = function () { window.heard = [n, this === a] }; a.send("hello")`)
	v.Until("the handler is called", `window.heard`)
	v.want(`heard`, `[0,true]`) // and the one before it is not
}

func (v *visit) plain() {
	v.do(`window.p = new WebSocket(location.href.replace("http", "ws") + "ws");
		p.onopen = () => p.send("hello"); p.onmessage = e => p.send("close 4001 bye ä"); p.onclose = e => { p.end = [e.code, e.reason, e.wasClean] }`)
	v.Until("it is closed", `p.end`)
	v.want(`p.end`, `[4001,"bye ä",true]`)
	v.site.awaitGot("hello", "close 4001 bye ä")
}

// endings compares the client with the table of the page. Of two endings that look the same, one that says yes decides.
func (v *visit) endings() {
	again := map[[2]string]bool{} // by code and reason
	for line := range strings.Lines(connections(v.t)) {
		cells := strings.Split(line, " | ")
		if len(cells) != 5 || !strings.HasPrefix(cells[0], "| `") || cells[0] == "| `refused`" {
			continue
		}
		end := [2]string{strings.Replace(cells[1], "none", "1006", 1), strings.TrimSpace(cells[2])}
		again[end] = again[end] || cells[3] == "yes"
	}
	for end, want := range again {
		v.want(`ReconnectingWebSocket.shouldReconnect({ code: `+end[0]+`, reason: `+browser.Quote(end[1])+` })`, strconv.FormatBool(want))
	}
	for _, code := range []string{"1004", "1005", "1010", "2000", "3000", "4999"} { // of others than wsbridge itself
		v.want(`ReconnectingWebSocket.shouldReconnect({ code: `+code+`, reason: "" })`, "false")
	}
	if len(again) < 10 {
		v.t.Errorf("%d endings", len(again))
	}
}

// left is a page that is left, and returned to. Chromium keeps it, but not its connection; Firefox loads it anew.
func (v *visit) left() {
	v.do(`window.a = connect("/ws", { minDelay: 3_600_000, maxDelay: 3_600_000 })`)
	v.Until("the client is there", `a.all("open").length === 1`)
	v.do(`setTimeout(() => { location.href = "/wsbridge.js" })`)
	v.Until("another page is there", `location.pathname === "/wsbridge.js"`)
	v.do(`setTimeout(() => history.back())`)
	v.Until("the page is back", `location.pathname === "/" && document.readyState === "complete"`)
	v.Until("the client is back", `typeof a === "undefined" || a.all("open").length === 2`)
}

// connections is the section of the page about connections.
func connections(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/endings.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "## Connections\n")
	section, _, _ = strings.Cut(section, "\n## ")
	return section
}
