package tests

import (
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// guestbook keeps the login of the cookie and what was said last.
const guestbook = `
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address)
{
	$connection["login"]=rawurldecode(substr($cookies,6));
	$connection["room"]="lobby";
	return True;
}
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	if ($msg=="undefined") { send_text($client_key,"before"); nowhere(); }
	if (substr($msg,0,5)=="throw") { throw new Exception(substr($msg,6)); }
	$connection["said"]=$msg;
	send_text($client_key,"heard ".$msg);
}
function ws_server_fifo(&$server,&$sockets,&$connections,&$fifo_data)
{
	broadcast_to_all("piped ".$fifo_data);
	return "told ".count($connections);
}`

// watched serves the guestbook with a dashboard, and returns the dashboard's address; more goes into [control].
func watched(t *testing.T, more string) (s *server, address string) {
	t.Helper()
	s, address = operatedWith(t, guestbook, "token_file = \"DIR/token\"\n"+more)
	return s, "http://" + address + "/"
}

func withToken(address string) string { return address + "#token=" + token }

// view opens a view.
func (p *tab) view(fragment string) {
	p.t.Helper()
	p.run(chromedp.Evaluate("location.hash = "+quoteJS(fragment), nil))
}

// tile waits until a tile shows a number.
func (p *tab) tile(title, number string) {
	p.t.Helper()
	p.until("tile "+title+" shows "+number, `[...document.querySelectorAll(".tile")].some(t =>
		t.querySelector("h2").textContent === `+quoteJS(title)+` && t.querySelector(".number").textContent === `+quoteJS(number)+`)`)
}

func TestDashboardShowsWhatHappens(t *testing.T) {
	s, address := watched(t, "")
	p := browser(t)(withToken(address))
	p.sees("#state", "ready")
	p.tile("Connections", "0")
	p.sees("main", "No handler has failed.")

	anna, bert := s.connectAs("login=anna"), s.connectAs("login=bert")
	p.tile("Connections", "2")
	anna.ask("hello")
	bert.send("undefined")
	bert.want("before")
	bert.ask("again") // a failed event closes nobody
	p.tile("Failed events", "1")
	p.sees("#errors", "Call to undefined function nowhere()")
	p.sees("#errors", s.path("push_server_events.php")+":"+lineOf(t, s.read("push_server_events.php"), "nowhere()"))
	p.sees("#errors", "in text of client 2")
	p.until("the events stand in a plot", `document.querySelectorAll(".plot")[1].querySelector("path.line").getAttribute("d").length > 10`)
	p.until("the stages stand in a plot", `document.querySelector(".column.c-run").getAttribute("d").startsWith("M")`)
	p.until("the workers stand in a plot", `document.querySelector(".column.c-main").getAttribute("d").startsWith("M")`)
	for _, text := range []string{"authenticate (beside)", "fifo (alone)", s.path("push_server_events.php"), s.address} {
		p.sees(".server", text)
	}
}

func lineOf(t *testing.T, text, part string) string {
	t.Helper()
	before, _, found := strings.Cut(text, part)
	if !found {
		t.Fatalf("no %q", part)
	}
	return strconv.Itoa(strings.Count(before, "\n") + 1)
}

func TestDashboardPlotsTellValuesAtTheCursor(t *testing.T) {
	s, address := watched(t, "")
	p := browser(t)(withToken(address))
	s.connect()
	p.until("there are points", `document.querySelectorAll(".plot .line")[0].getAttribute("d").includes("L")`)
	time := `document.querySelector(".plot .time").textContent`
	p.run(chromedp.Evaluate(`(() => {
		const box = document.querySelector(".canvas").getBoundingClientRect();
		document.querySelector(".canvas").dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + 60, clientY: box.top + 20 }));
	})()`, nil))
	p.until("the plot says which time the cursor is at", `/^\d\d:\d\d:\d\d$/.test(`+time+`)`)
	p.until("the other plots have the same cursor", `document.querySelectorAll(".plot .time")[2].textContent === `+time)
	p.run(chromedp.Evaluate(`document.querySelector(".canvas").dispatchEvent(new PointerEvent("pointerleave"))`, nil))
	p.until("the cursor is gone", time+` === ""`)
	p.run(chromedp.Evaluate(`document.querySelector(".canvas").focus()`, nil), chromedp.KeyEvent(kb.ArrowLeft))
	p.until("the keyboard moves it", time+` !== "" && document.querySelector(".plot output").textContent.includes("Connections: open")`)
}

func TestDashboardFindsAConnectionAndReachesIt(t *testing.T) {
	s, address := watched(t, "")
	anna, anton, bert := s.connectAs("login=anna"), s.connectAs("login=anton"), s.connectAs("login=bert%20b")
	anna.ask("hello")
	p := browser(t)(withToken(address))
	p.press("Connections")
	p.sees("#connections", "bert b")
	p.sees("#total", "3 connections")
	p.write("#search", "login=an* room=lobby")
	p.sees("#total", "2 connections")
	p.write("#search", `login="bert b"`)
	p.sees("#total", "1 connection")
	p.write("#search", "bert")
	p.sees("main", `"bert" is no condition: write field=value, state=OPEN, or a key.`)
	p.write("#search", "1")
	p.sees("#total", "1 connection")
	p.sees("#connections", "anna")
	p.press("1")
	p.sees("h1", "Client 1")
	p.sees("#row", "hello")
	p.sees("#history", "text")
	p.sees("#history", "sent 1 message")

	p.press("Send…")
	p.write("dialog textarea", "from the <dashboard>")
	p.press("Cancel")
	p.press("Send…")
	p.write("dialog textarea", "grüße from the <dashboard>")
	p.press("Send")
	anna.want("grüße from the <dashboard>")
	p.sees("#notices", "Queued for client 1.")

	p.press("Close…")
	p.write("dialog [name=code]", "99")
	p.press("Close")
	p.sees("dialog", "The code is a number from 1000 to 4999.")
	p.write("dialog [name=code]", "4001")
	p.write("dialog [name=reason]", "bye ✓")
	p.press("Close")
	if code, reason := anna.closed(); code != 4001 || reason != "bye ✓" {
		t.Errorf("closed with %d %q", code, reason)
	}
	p.sees("main", "Client 1 is not connected any more.")

	p.press("← All connections")
	p.write("#search", "login=an*")
	p.press("Broadcast…")
	p.sees("dialog", "To every open connection that matches row.login=an*.")
	p.write("dialog textarea", "to all of you")
	p.press("Send to all of them")
	anton.want("to all of you")
	p.sees("#notices", "Queued for 1 client.")
	if got := bert.ask("only me"); got != "heard only me" {
		t.Errorf("bert got %q", got)
	}
}

func TestDashboardTailsEvents(t *testing.T) {
	s, address := watched(t, "")
	anna, bert := s.connectAs("login=anna"), s.connectAs("login=bert")
	p := browser(t)(withToken(address))
	p.press("Live")
	p.tailing()
	anna.ask("psst")
	p.sees(".events", "client 1")
	p.sees(".events", "send to 1, 10 B")
	p.sees(".events", "rows 1 changed")
	if text := p.text(".events"); strings.Contains(text, "psst") {
		t.Errorf("payloads are shown unasked: %s", text)
	}
	p.click(".event summary")
	for _, stage := range []string{"queue", "connect", "wait", "run", "apply"} {
		p.sees(".event .stages", stage)
	}
	bert.send("undefined")
	bert.want("before")
	p.sees(".events", "Call to undefined function nowhere()")
	p.sees(".events", ":"+lineOf(t, s.read("push_server_events.php"), "nowhere()"))

	p.press("Pause")
	anna.ask("while paused")
	p.sees("main", "paused, 1 new event")
	before := value[int](p, `document.querySelectorAll(".event").length`)
	p.press("Continue")
	p.until("what came during the pause is shown", `document.querySelectorAll(".event").length === `+strconv.Itoa(before+1))

	p.press("Clear")
	p.click("#tail-payloads")
	p.view("#/live?client=2")
	p.tailing()
	anna.ask("not of client 2")
	bert.ask("for all to see")
	p.sees(".events", "for all to see")
	p.sees(".events", "heard for all to see")
	if text := p.text(".events"); strings.Contains(text, "client 1") {
		t.Errorf("events of another client are shown: %s", text)
	}
}

// tailing waits until the server has been heard.
func (p *tab) tailing() {
	p.t.Helper()
	p.until("live events have begun", `document.querySelector(".tail").dataset.state === "open"`)
}

func TestDashboardPausesAndDrains(t *testing.T) {
	s, address := watched(t, "")
	anna := s.connectAs("login=anna")
	p := browser(t)(withToken(address))
	p.press("Pause…")
	p.press("Cancel")
	if got := anna.ask("cancelled"); got != "heard cancelled" {
		t.Errorf("got %q", got)
	}
	p.press("Pause…")
	p.press("Pause")
	p.sees("#state", "paused")
	anna.send("while paused")
	p.sees(".tiles", "1 waiting")
	p.press("Resume")
	anna.want("heard while paused")
	p.sees("#state", "ready")

	p.press("Write to the pipe…")
	p.write("dialog textarea", "a document")
	p.press("Run ws_server_fifo")
	anna.want("piped a document")
	p.sees("#notices", "ws_server_fifo has run: told 1")
	p.run(chromedp.Evaluate(`document.getElementById("level").value = "debug";
		document.getElementById("level").dispatchEvent(new Event("change"))`, nil))
	s.log.wait("level has changed", `debug`)

	p.press("Drain…")
	p.press("Drain")
	if code, _ := anna.closed(); code != 1001 {
		t.Errorf("closed with %d", code)
	}
	if status := s.wait(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	p.sees("#state", "no answer")
	p.sees("#banner", "The server does not answer.")
}

// A server that is gone is told from one that is back, and the page goes on by itself.
func TestDashboardComesBack(t *testing.T) {
	s, address := watched(t, "")
	p := browser(t)(withToken(address))
	p.sees("#state", "ready")
	p.view("#/live")
	p.tailing()
	if status := s.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	p.sees("#state", "no answer")
	port := strings.TrimSuffix(address[strings.LastIndex(address, ":")+1:], "/")
	s.write("wsbridge.toml", strings.Replace(s.read("wsbridge.toml"), "127.0.0.1:0", "127.0.0.1:"+port, 1))
	s.stopped = false
	s.run(app{toml: "\n"})
	p.sees("#state", "ready")
	p.tailing()
	s.connect().ask("hello")
	p.sees(".events", "client 1")
}

func TestDashboardOnAPhoneInTheDark(t *testing.T) {
	s, address := watched(t, "[log]\npayloads = true\n")
	c := s.connectAs("login=" + strings.Repeat("aVeryLongName", 20))
	c.ask(strings.Repeat("aVeryLongWord", 100))
	c.send("throw " + strings.Repeat("aVeryLongError", 100))
	p := browser(t)(withToken(address))
	p.sees("#errors", "aVeryLongError")
	for fragment, shown := range map[string]string{
		"#/": "#errors", "#/connections": "#connections", "#/connections/1": "#history", "#/live": ".tail",
	} {
		p.view(fragment)
		p.until(fragment+" is shown", "document.querySelector("+quoteJS(shown)+")?.innerText.trim()")
		p.phone()
		p.scheme("light")
		light := p.brightness()
		p.scheme("dark")
		if dark := p.brightness(); light < 200 || dark > 60 {
			t.Errorf("%s: the background is %v in the light, %v in the dark", fragment, light, dark)
		}
	}
	p.click("#theme")
	if light := p.brightness(); light < 200 {
		t.Errorf("the button leads to a brightness of %v", light)
	}
}

// The modules that decide something, asked in the browser that runs them.
func TestDashboardReadsAndWritesValues(t *testing.T) {
	_, address := watched(t, "")
	p := browser(t)(withToken(address))
	p.sees("#state", "ready")
	p.run(chromedp.Evaluate(`Promise.all([import("./filter.js"), import("./format.js"), import("./scale.js")])
		.then(([filter, format, scale]) => { window.modules = { ...filter, ...format, ...scale }; })`, nil))
	p.until("the modules are there", "window.modules")
	for _, row := range [][2]string{
		{`parseFilter('login=anna  room="the kitchen" state=OPEN').query`,
			`[["row.login","anna"],["row.room","the kitchen"],["state","OPEN"]]`},
		{`parseFilter('a="say \\"hi\\"" b=').query`, `[["row.a","say \"hi\""],["row.b",""]]`},
		{`parseFilter(' #12 ').key`, `"12"`},
		{`parseFilter('x=1 y=2').fields`, `["x","y"]`},
		{`[0, 870, 1240, 15600, 3.14e6].map(micros)`, `["0 µs","870 µs","1.24 ms","15.6 ms","3.14 s"]`},
		{`[0, 1023, 1024, 5e6].map(bytes)`, `["0 B","1023 B","1 KiB","4.77 MiB"]`},
		{`[0, 59, 61, 90061].map(span)`, `["0 s","59 s","1 min 1 s","1 d 1 h"]`},
		{`[0, 0.5, 9.96, 12.3, null].map(rate)`, `["0","0.5","10","12","–"]`},
		{`[value("x"), value(["x"]), value({base64: "/w=="}), value({text: "ab", cut_bytes: 2048})]`,
			`["x","[\"x\"]","base64:/w==","ab… (2 KiB more)"]`},
		{`ticks(0, 3, true)`, `[0,1]`},
		{`ticks(7, 3, false)`, `[0,5,10]`},
		{`ticks(1000, 3, false)`, `[0,500,1000]`},
		{`timeTicks(0, 120000, 4)`, `[0,30000,60000,90000,120000]`},
		{`scale(0, 10, 100, 200)(5)`, `150`},
		{`scale(5, 5, 100, 200)(5)`, `100`},
	} {
		expression, want := row[0], row[1]
		script := "JSON.stringify((({parseFilter, micros, bytes, span, rate, value, ticks, timeTicks, scale}) => " + expression +
			")(window.modules))"
		if got := value[string](p, script); got != want {
			t.Errorf("%s: got %s, want %s", expression, got, want)
		}
	}
}
