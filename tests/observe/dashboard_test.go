package observe

import (
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/wsbridge/wsbridge/tests/harness"
	"github.com/wsbridge/wsbridge/tests/harness/browser"
)

// guestbook keeps the login from the cookie and the last message.
const guestbook = `
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address)
{
	$connection["login"]=rawurldecode(substr($cookies,6));
	$connection["room"]="lobby";
	return True;
}
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	if ($msg=="hang") { send_text($client_key,"begun"); while (!file_exists(__DIR__."/go")) { usleep(10000); clearstatcache(); } }
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
func watched(t *testing.T, more string) (s *harness.Server, address string) {
	t.Helper()
	s, address = harness.ServeControl(t, guestbook, "token_file = \"DIR/token\"\n"+more)
	return s, "http://" + address + "/"
}

func withToken(address string) string { return address + "#token=" + harness.Token }

// view opens a view.
func view(p *browser.Tab, fragment string) {
	p.T.Helper()
	p.Run(chromedp.Evaluate("location.hash = "+browser.Quote(fragment), nil))
}

// tile waits until a tile shows a number.
func tile(p *browser.Tab, title, number string) {
	p.T.Helper()
	p.Until("tile "+title+" shows "+number, `[...document.querySelectorAll(".tile")].some(t =>
		t.querySelector("h2").textContent === `+browser.Quote(title)+` && t.querySelector(".number").textContent === `+browser.Quote(number)+`)`)
}

// One test, since a browser takes longer to start than most of what it shows.
func TestDashboard(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	for name, test := range map[string]func(*testing.T, *browser.Browser){
		"shows what happens":                dashboardShowsWhatHappens,
		"plots tell values at the cursor":   dashboardPlotsTellValuesAtTheCursor,
		"finds a connection and reaches it": dashboardFindsAConnectionAndReachesIt,
		"tails events":                      dashboardTailsEvents,
		"pauses and drains":                 dashboardPausesAndDrains,
		"shows handlers as check does":      dashboardShowsHandlersAsCheckDoes,
		"shows workers":                     dashboardShowsWorkers,
		"comes back":                        dashboardComesBack,
		"on a phone in the dark":            dashboardOnAPhoneInTheDark,
		"reads and writes values":           dashboardReadsAndWritesValues,
		"wants the token":                   dashboardWantsTheToken,
		"rows are links":                    dashboardRowsAreLinks,
		"texts can be selected":             dashboardTextsCanBeSelected,
		"bars are as long as events took":   dashboardBarsAreAsLongAsEventsTook,
		"stays in place when values change": dashboardStaysInPlaceWhenValuesChange,
		"tells totals from rates":           dashboardTellsTotalsFromRates,
		"says why there are no workers":     dashboardSaysWhyThereAreNoWorkers,
		"offers what the token allows":      dashboardOffersWhatTheTokenAllows,
		"shows hostile text as text":        dashboardShowsHostileTextAsText,
		"on the public listener":            dashboardOnThePublicListener,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, b)
		})
	}
}

func dashboardShowsWhatHappens(t *testing.T, b *browser.Browser) {
	s, address := watched(t, "")
	p := b.Open(t, withToken(address))
	p.Sees("#state", "ready")
	tile(p, "Connections", "0")
	p.Sees("main", "No handler has failed.")

	anna, bert := s.ConnectAs("login=anna"), s.ConnectAs("login=bert")
	tile(p, "Connections", "2")
	anna.Ask("hello")
	bert.Send("undefined")
	bert.Want("before")
	bert.Ask("again") // a failed event closes nobody
	tile(p, "Failed events", "1")
	p.Sees("#errors", "Call to undefined function nowhere()")
	p.Sees("#errors", s.Path("push_server_events.php")+":"+lineOf(t, s.Read("push_server_events.php"), "nowhere()"))
	p.Sees("#errors", "in text of client 2")
	p.Until("the events stand in a plot", `document.querySelectorAll(".plot")[1].querySelector("path.line").getAttribute("d").length > 10`)
	p.Until("the stages stand in a plot", `document.querySelector(".column.c-run").getAttribute("d").startsWith("M")`)
	p.Until("the workers stand in a plot", `document.querySelector(".column.c-idle").getAttribute("d").startsWith("M")`)
	for _, text := range []string{s.Path("push_server_events.php"), s.Address} {
		p.Sees(".server", text)
	}
}

// The workers that stay are listed, and those that have ended with why; one can be replaced.
func dashboardShowsWorkers(t *testing.T, b *browser.Browser) {
	s, address := watched(t, "[php]\nresident = \"on\"\n")
	anna := s.ConnectAs("login=anna")
	anna.Ask("hello")
	p := b.Open(t, withToken(address))
	p.Sees(".workers", "Events run in the alone worker.")
	p.Sees("#workers", "spare")
	before := browser.Value[string](p, `document.querySelector("#workers tr td:nth-child(2)").textContent`)
	p.Press("Replace the worker…")
	p.Sees("dialog", "What only this one could keep is lost")
	p.Press("Replace")
	p.Sees("#notices", "has taken over from worker "+before+".")
	p.Sees("#workers", "ago: an operator has had it replaced")
	p.Sees(".workers", "Replaced 1 time so far.")
	anna.Send("undefined")
	anna.Want("before")
	anna.Ask("again")
	p.Sees("#workers", "ago: an event failed: ")
	p.Press("Live")
	tailing(p)
	anna.Ask("hello")
	p.Sees(".events", "client 1")
	p.Click(".event summary")
	p.Sees(".event .more", "of client 1 in worker ")
	view(p, "#/")
	bert := s.ConnectAs("login=bert")
	anna.Send("hang")
	anna.Want("begun")
	bert.Send("behind")
	p.Until("the event that runs is named", `/^runs text of client 1 for \d+ s, \d behind it$/.test(document.querySelector("#workers tr td:last-child").textContent)`)
	s.Write("go", "")
	p.Until("it has ended", `document.querySelector("#workers tr td:last-child").textContent === ""`)
}

func lineOf(t *testing.T, text, part string) string {
	t.Helper()
	before, _, found := strings.Cut(text, part)
	if !found {
		t.Fatalf("no %q", part)
	}
	return strconv.Itoa(strings.Count(before, "\n") + 1)
}

func dashboardPlotsTellValuesAtTheCursor(t *testing.T, b *browser.Browser) {
	s, address := watched(t, "")
	p := b.Open(t, withToken(address))
	s.Connect()
	p.Until("there are points", `document.querySelectorAll(".plot .line")[0].getAttribute("d").includes("L")`)
	time := `document.querySelector(".plot .time").textContent`
	p.Run(chromedp.Evaluate(`(() => {
		const box = document.querySelector(".canvas").getBoundingClientRect();
		document.querySelector(".canvas").dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + 60, clientY: box.top + 20 }));
	})()`, nil))
	p.Until("the plot says which time the cursor is at", `/^\d\d:\d\d:\d\d$/.test(`+time+`)`)
	p.Until("the other plots have the same cursor", `document.querySelectorAll(".plot .time")[2].textContent === `+time)
	p.Run(chromedp.Evaluate(`document.querySelector(".canvas").dispatchEvent(new PointerEvent("pointerleave"))`, nil))
	p.Until("the cursor is gone", time+` === ""`)
	p.Run(chromedp.Evaluate(`document.querySelector(".canvas").focus()`, nil), chromedp.KeyEvent(kb.ArrowLeft))
	p.Until("the keyboard moves it", time+` !== "" && document.querySelector(".plot output").textContent.includes("Connections: open")`)
}

func dashboardFindsAConnectionAndReachesIt(t *testing.T, b *browser.Browser) {
	s, address := watched(t, "")
	anna, anton, bert := s.ConnectAs("login=anna"), s.ConnectAs("login=anton"), s.ConnectAs("login=bert%20b")
	anna.Ask("hello")
	p := b.Open(t, withToken(address))
	p.Press("Connections")
	p.Sees("#connections", "bert b")
	p.Sees("#total", "3 connections")
	p.Write("#search", "login=an* room=lobby")
	p.Sees("#total", "2 connections")
	p.Write("#search", `login="bert b"`)
	p.Sees("#total", "1 connection")
	p.Write("#search", "bert")
	p.Sees("main", `"bert" is no condition: write field=value, state=OPEN, or a key.`)
	p.Write("#search", "1")
	p.Sees("#total", "1 connection")
	p.Sees("#connections", "anna")
	p.Press("1")
	p.Sees("h1", "Client 1")
	p.Sees("#row", "hello")
	p.Sees("#history", "text")
	p.Sees("#history", "sent 1 message")

	p.Press("Send…")
	p.Write("dialog textarea", "from the <dashboard>")
	p.Press("Cancel")
	p.Press("Send…")
	p.Write("dialog textarea", "grüße from the <dashboard>")
	p.Press("Send")
	anna.Want("grüße from the <dashboard>")
	p.Sees("#notices", "Queued for client 1.")

	p.Press("Close…")
	p.Write("dialog [name=code]", "99")
	p.Press("Close")
	p.Sees("dialog", "The code is a number from 1000 to 4999.")
	p.Write("dialog [name=code]", "4001")
	p.Write("dialog [name=reason]", "bye ✓")
	p.Press("Close")
	if code, reason := anna.Closed(); code != 4001 || reason != "bye ✓" {
		t.Errorf("closed with %d %q", code, reason)
	}
	p.Sees("main", "Client 1 is not connected any more.")

	p.Press("← All connections")
	p.Write("#search", "login=an*")
	p.Press("Broadcast…")
	p.Sees("dialog", "To every open connection that matches row.login=an*.")
	p.Write("dialog textarea", "to all of you")
	p.Press("Send to all of them")
	anton.Want("to all of you")
	p.Sees("#notices", "Queued for 1 client.")
	if got := bert.Ask("only me"); got != "heard only me" {
		t.Errorf("bert got %q", got)
	}
}

func dashboardOnAPhoneInTheDark(t *testing.T, b *browser.Browser) {
	s, address := watched(t, "[log]\npayloads = true\n")
	c := s.ConnectAs("login=" + strings.Repeat("aVeryLongName", 20))
	c.Ask(strings.Repeat("aVeryLongWord", 100))
	c.Send("throw " + strings.Repeat("aVeryLongError", 100))
	p := b.Open(t, withToken(address))
	p.Sees("#errors", "aVeryLongError")
	for fragment, shown := range map[string]string{
		"#/": "#errors", "#/connections": "#connections", "#/connections/1": "#history", "#/live": ".tail",
	} {
		view(p, fragment)
		p.Until(fragment+" is shown", "document.querySelector("+browser.Quote(shown)+")?.innerText.trim()")
		p.Phone()
		p.Scheme("light")
		light := p.Brightness()
		p.Scheme("dark")
		if dark := p.Brightness(); light < 200 || dark > 60 {
			t.Errorf("%s: the background is %v in the light, %v in the dark", fragment, light, dark)
		}
	}
	p.Click("#theme")
	if light := p.Brightness(); light < 200 {
		t.Errorf("the button leads to a brightness of %v", light)
	}
}

// The modules that compute something, called in the browser.
func dashboardReadsAndWritesValues(t *testing.T, b *browser.Browser) {
	_, address := watched(t, "")
	p := b.Open(t, withToken(address))
	p.Sees("#state", "ready")
	p.Run(chromedp.Evaluate(`Promise.all([import("./filter.js"), import("./format.js"), import("./scale.js")])
		.then(([filter, format, scale]) => { window.modules = { ...filter, ...format, ...scale }; })`, nil))
	p.Until("the modules are there", "window.modules")
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
		if got := browser.Value[string](p, script); got != want {
			t.Errorf("%s: got %s, want %s", expression, got, want)
		}
	}
}
