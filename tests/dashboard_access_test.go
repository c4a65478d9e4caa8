package tests

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// Who gets to the dashboard, and what nobody gets through it.

func TestDashboardWantsTheToken(t *testing.T) {
	s, address := watched(t, "")
	s.connectAs("login=anna")
	open := browser(t)
	p := open(address)
	p.sees("dialog", "This address wants the token")
	p.write("dialog input", "not-the-right-one")
	p.press("Open")
	p.sees("dialog", "The server does not take this token.")
	p.write("dialog input", token)
	p.press("Open")
	p.tile("Connections", "1")

	known := open(withToken(address))
	known.tile("Connections", "1")
	if at := value[string](known, "location.href"); at != address+"#/" {
		t.Errorf("the address has become %s", at)
	}
	if kept := value[int](known, "localStorage.length"); kept != 0 {
		t.Errorf("%d things are kept on disk", kept)
	}
}

// Everything a client can choose is shown as it is.
func TestDashboardShowsHostileTextAsText(t *testing.T) {
	s, address := watched(t, "[log]\npayloads = true\n") // else what clients sent is taken out of errors
	const evil = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`
	c := s.connectAs("login=" + strings.ReplaceAll(strings.ReplaceAll(evil, " ", "%20"), ";", "%3B"))
	open := browser(t)
	live := open(withToken(address))
	live.view("#/live")
	live.tailing()
	live.click("#tail-payloads")
	live.tailing()
	c.ask(evil)
	c.send("throw " + evil)
	live.sees(".events", "heard "+evil)
	live.sees(".failure", evil)
	p := open(withToken(address))
	p.sees("#errors", evil)
	p.view("#/connections")
	p.write("#columns", "login"+kb.Tab)
	p.sees("#connections", evil)
	p.view("#/connections/1")
	p.sees("#row", evil)
	p.sees("#history", evil)
	p.view("#/<img src=x>")
	p.tile("Connections", "1")
	for _, page := range []*tab{live, p} {
		if n := value[int](page, `document.querySelectorAll("main img, main script, main iframe").length`); n != 0 {
			t.Errorf("%d elements came from text", n)
		}
		if title := value[string](page, "document.title"); strings.Contains(title, "owned") {
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

// Below a path of the clients' listener everything must still be found.
func TestDashboardOnThePublicListener(t *testing.T) {
	s, _ := watched(t, "public_path = \"/ops/\"")
	p := browser(t)(withToken("http://" + s.address + "/ops"))
	p.sees("#state", "ready")
	s.connect()
	p.tile("Connections", "1")
	p.view("#/live")
	p.tailing()
}

func TestDemoSaysWhereItsDashboardIs(t *testing.T) {
	s, _ := demo(t)
	var address string
	eventually(t, "the address is told", func() bool {
		_, rest, found := strings.Cut(s.log.text(), "See what the server does at ")
		address, _, _ = strings.Cut(rest, "\n")
		return found
	})
	p := browser(t)(address)
	p.sees("#state", "ready")
	p.sees(".server", "fifo (alone)")
}
