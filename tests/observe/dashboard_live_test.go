package observe

import (
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/wsbridge/wsbridge/tests/harness"
	"github.com/wsbridge/wsbridge/tests/harness/browser"
)

func dashboardTailsEvents(t *testing.T, b *browser.Browser) {
	s, address := watched(t, "")
	anna, bert := s.ConnectAs("login=anna"), s.ConnectAs("login=bert")
	p := b.Open(t, withToken(address))
	p.Press("Live")
	tailing(p)
	anna.Ask("psst")
	p.Sees(".events", "client 1")
	p.Sees(".events", "send to 1, 10 B")
	p.Sees(".events", "rows 1 changed")
	if text := p.Text(".events"); strings.Contains(text, "psst") {
		t.Errorf("payloads are shown unasked: %s", text)
	}
	p.Click(".event summary")
	for _, stage := range []string{"queue", "connect", "wait", "run", "apply"} {
		p.Sees(".event .stages", stage)
	}
	bert.Send("undefined")
	bert.Want("before")
	p.Sees(".events", "Call to undefined function nowhere()")
	p.Sees(".events", ":"+lineOf(t, s.Read("push_server_events.php"), "nowhere()"))

	p.Press("Pause")
	anna.Ask("while paused")
	p.Sees("main", "paused, 1 new event")
	before := browser.Value[int](p, `document.querySelectorAll(".event").length`)
	p.Press("Continue")
	p.Until("what came during the pause is shown", `document.querySelectorAll(".event").length === `+strconv.Itoa(before+1))

	p.Press("Clear")
	p.Click("#tail-payloads")
	view(p, "#/live?client=2")
	tailing(p)
	anna.Ask("not of client 2")
	bert.Ask("for all to see")
	p.Sees(".events", "for all to see")
	p.Sees(".events", "heard for all to see")
	if text := p.Text(".events"); strings.Contains(text, "client 1") {
		t.Errorf("events of another client are shown: %s", text)
	}
}

// tailing waits until the stream of live events is open.
func tailing(p *browser.Tab) {
	p.T.Helper()
	p.Until("live events have begun", `document.querySelector(".tail").dataset.state === "open"`)
}

func dashboardPausesAndDrains(t *testing.T, b *browser.Browser) {
	s, address := watched(t, "")
	anna := s.ConnectAs("login=anna")
	p := b.Open(t, withToken(address))
	p.Press("Pause…")
	p.Press("Cancel")
	if got := anna.Ask("cancelled"); got != "heard cancelled" {
		t.Errorf("got %q", got)
	}
	p.Press("Pause…")
	p.Press("Pause")
	p.Sees("#state", "paused")
	anna.Send("while paused")
	p.Sees(".tiles", "1 waiting")
	p.Press("Resume")
	anna.Want("heard while paused")
	p.Sees("#state", "ready")

	p.Press("Write to the pipe…")
	p.Write("dialog textarea", "a document")
	p.Press("Run ws_server_fifo")
	anna.Want("piped a document")
	p.Sees("#notices", "ws_server_fifo has run: told 1")
	p.Run(chromedp.Evaluate(`document.getElementById("level").value = "debug";
		document.getElementById("level").dispatchEvent(new Event("change"))`, nil))
	s.Log.Wait("level has changed", `debug`)

	p.Press("Drain…")
	p.Press("Drain")
	if code, _ := anna.Closed(); code != 1001 {
		t.Errorf("closed with %d", code)
	}
	if status := s.Wait(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	p.Sees("#state", "no answer")
	p.Sees("#banner", "The server does not answer.")
}

// The page says when the server is gone, and goes on by itself when it is back.
func dashboardComesBack(t *testing.T, b *browser.Browser) {
	s, address := watched(t, "")
	p := b.Open(t, withToken(address))
	p.Sees("#state", "ready")
	view(p, "#/live")
	tailing(p)
	if status := s.Stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	p.Sees("#state", "no answer")
	port := strings.TrimSuffix(address[strings.LastIndex(address, ":")+1:], "/")
	s.Write("wsbridge.toml", strings.Replace(s.Read("wsbridge.toml"), "127.0.0.1:0", "127.0.0.1:"+port, 1))
	s.Run(harness.App{TOML: "\n"})
	p.Sees("#state", "ready")
	tailing(p)
	s.Connect().Ask("hello")
	p.Sees(".events", "client 1")
}
