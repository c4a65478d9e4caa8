package observe

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/wsbridge/wsbridge/tests/harness"
	"github.com/wsbridge/wsbridge/tests/harness/browser"
)

// Access to the dashboard, and what must not get through it.

func dashboardWantsTheToken(t *testing.T, b *browser.Browser) {
	s, address := watched(t, "")
	s.ConnectAs("login=anna")
	p := b.Open(t, address)
	p.Sees("dialog", "This address wants a token")
	showsNothing(p)
	p.Write("dialog input", "not-the-right-one")
	p.Press("Open")
	p.Sees("dialog", "The server does not take this token.")
	showsNothing(p)
	p.Write("dialog input", harness.Token)
	p.Press("Open")
	tile(p, "Connections", "1")

	known := b.Open(t, withToken(address))
	tile(known, "Connections", "1")
	if at := browser.Value[string](known, "location.href"); at != address+"#/" {
		t.Errorf("the address has become %s", at)
	}
	if kept := browser.Value[int](known, "localStorage.length"); kept != 0 {
		t.Errorf("%d things are kept on disk", kept)
	}
}

// showsNothing fails the test if the page claims anything, or offers more than a way in.
func showsNothing(p *browser.Tab) {
	p.T.Helper()
	if text := browser.Value[string](p, `[...document.body.children].filter(e => e.checkVisibility() && e.localName !== "dialog" && e.className !== "skip")
		.map(e => e.innerText.trim()).join("")`); text != "wsbridge\n◐" {
		p.T.Errorf("the page shows %q", text)
	}
}

// withReader is watched, with a token that may read, and one that may read the metrics only.
func withReader(t *testing.T) (s *harness.Server, address string) {
	t.Helper()
	s = harness.Prepare(t, harness.App{Handlers: guestbook, TOML: "\n"})
	for _, token := range []string{"token", "reader", "grafana"} {
		writeToken(s, token, harness.Token+"-"+token)
	}
	toml := strings.ReplaceAll("[control]\nlisten = \"127.0.0.1:0\"\ntoken_file = \"DIR/token\"\ntokens = { reader = { role = \"read\", "+
		"file = \"DIR/reader\" }, grafana = { role = \"metrics\", file = \"DIR/grafana\" } }\n", "DIR", s.Dir)
	s.Configure(toml)
	s.Run(harness.App{Handlers: guestbook, TOML: toml})
	return s, "http://" + s.Log.Wait("control is reachable")["address"].(string) + "/"
}

func writeToken(s *harness.Server, file, token string) {
	s.T.Helper()
	s.Write(file, token+"\n")
	if err := os.Chmod(s.Path(file), 0o600); err != nil {
		s.T.Fatal(err)
	}
}

// Who may only read is offered no more, and is asked again when the token is taken back.
func dashboardOffersWhatTheTokenAllows(t *testing.T, b *browser.Browser) {
	s, address := withReader(t)
	anna := s.ConnectAs("login=anna")
	anna.Ask("hello")
	p := b.Open(t, address+"#token="+harness.Token+"-grafana")
	p.Sees("dialog", `the token "grafana" has the role "metrics": this needs "read"`)
	showsNothing(p)
	p.Write("dialog input", harness.Token+"-reader")
	p.Press("Open")
	offers := func(want string) {
		t.Helper()
		var got []string
		for fragment, shown := range map[string]string{"#/": "Process", "#/connections": "1 connection", "#/connections/1": "anna"} {
			view(p, fragment)
			p.Sees("main", shown)
			got = append(got, browser.Value[[]string](p, `[...document.querySelectorAll("main button, #level")]
				.filter(e => e.checkVisibility()).map(e => e.id || e.textContent)`)...)
		}
		slices.Sort(got)
		if text := strings.Join(got, " "); text != want {
			t.Errorf("the page offers %q, want %q", text, want)
		}
	}
	p.Sees("header", "read only")
	offers("")
	view(p, "#/live")
	tailing(p)
	anna.Ask("hello")
	p.Sees(".events", "client 1")

	writeToken(s, "reader", "another-token-of-some-length")
	operator := harness.NewOperator(t, strings.Trim(strings.TrimPrefix(address, "http:"), "/"), harness.Token+"-token")
	if _, err := operator.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.Sees("dialog", "The server does not take this token.")
	showsNothing(p)
	p.Write("dialog input", harness.Token+"-token")
	p.Press("Open")
	tailing(p)
	anna.Ask("again")
	p.Until("the stream goes on", `document.querySelectorAll(".event").length >= 2`)
	p.Until("the page is shown", `!document.querySelector("#reads").checkVisibility() && document.querySelector("main").checkVisibility()`)
	resident := ""
	if os.Getenv(harness.ResidentMode) != "off" {
		resident = "Replace the worker… "
	}
	offers("Broadcast… Close… Drain… Pause… Reload… " + resident + "Send… Write to the pipe… level")
}

// Text of a client's choice is shown as text.
func dashboardShowsHostileTextAsText(t *testing.T, b *browser.Browser) {
	s, address := watched(t, "[log]\npayloads = true\n") // otherwise errors do not show what clients sent
	const evil = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`
	c := s.ConnectAs("login=" + strings.ReplaceAll(strings.ReplaceAll(evil, " ", "%20"), ";", "%3B"))
	live := b.Open(t, withToken(address))
	view(live, "#/live")
	tailing(live)
	live.Click("#tail-payloads")
	tailing(live)
	c.Ask(evil)
	c.Send("throw " + evil)
	live.Sees(".events", "heard "+evil)
	live.Sees(".failure", evil)
	p := b.Open(t, withToken(address))
	p.Sees("#errors", evil)
	view(p, "#/connections")
	p.Write("#columns", "login"+kb.Tab)
	p.Sees("#connections", evil)
	view(p, "#/connections/1")
	p.Sees("#row", evil)
	p.Sees("#history", evil)
	view(p, "#/<img src=x>")
	tile(p, "Connections", "1")
	for _, page := range []*browser.Tab{live, p} {
		if n := browser.Value[int](page, `document.querySelectorAll("main img, main script, main iframe").length`); n != 0 {
			t.Errorf("%d elements came from text", n)
		}
		if title := browser.Value[string](page, "document.title"); strings.Contains(title, "owned") {
			t.Error("a script of a client has run")
		}
	}
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if policy := response.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'self';") {
		t.Errorf("policy %q", policy)
	}
}

// The page finds its files below a path of the clients' listener, too.
func dashboardOnThePublicListener(t *testing.T, b *browser.Browser) {
	s, _ := watched(t, "public_path = \"/ops/\"")
	p := b.Open(t, withToken("http://"+s.Address+"/ops"))
	p.Sees("#state", "ready")
	s.Connect()
	tile(p, "Connections", "1")
	view(p, "#/live")
	tailing(p)
}
