package observe

import (
	"net/http"
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
	p.Sees("dialog", "This address wants the token")
	p.Write("dialog input", "not-the-right-one")
	p.Press("Open")
	p.Sees("dialog", "The server does not take this token.")
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
