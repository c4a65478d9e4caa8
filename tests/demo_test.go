package tests

import (
	"net/http"
	"os"
	"strings"
	"testing"
)

func (p *tab) say(text string) {
	p.t.Helper()
	p.write("#text", text+"\r")
}

// demo runs the demo on a port of its own, and returns the pipe's path, too.
func demo(t *testing.T, args ...string) (s *server, pipe string) {
	t.Helper()
	s = &server{t: t}
	s.start(append([]string{"demo", "--listen", "127.0.0.1:0", "--workers", "2"}, args...)...)
	listening := s.log.wait("listening")
	s.address = listening["address"].(string)
	return s, listening["pipe"].(string)
}

func TestDemoChatInABrowser(t *testing.T) {
	s, pipe := demo(t)
	url := "http://" + s.address + "/"
	open := browser(t)

	anna := open(url + "?name=Anna")
	anna.sees("#state", "connected")
	anna.sees("#me", "Anna in lobby")
	bert := open(url + "?name=Bert")
	bert.sees("#me", "Bert in lobby")
	anna.sees("#rooms", "Bert")
	anna.sees("#log", "Bert joined lobby")

	anna.say("Grüße, 世界 <b>&amp;<img src=x onerror=alert(1)>")
	bert.sees("#log", "Grüße, 世界 <b>&amp;<img src=x onerror=alert(1)>")
	bert.say("/join kitchen")
	anna.sees("#log", "Bert left lobby")
	anna.sees("#rooms", "kitchen")
	anna.say("only the lobby sees this")
	anna.say("/name Anna <i>the</i> Second")
	anna.sees("#me", "Anna <i>the</i> Second in lobby")
	bert.sees("#rooms", "Anna <i>the</i> Second")
	bert.press("New room…")
	bert.write("#answer", "a b")
	bert.press("OK")
	bert.sees("#me", "Bert in a b")

	writeTo(t, pipe, `{"to":"*","text":"hi from the pipe"}`+"\n")
	for _, p := range []*tab{anna, bert} {
		p.sees("#log", "hi from the pipe")
	}
	if log := bert.text("#log"); strings.Contains(log, "only the lobby") {
		t.Errorf("the kitchen saw what was said in the lobby: %s", log)
	}
	if status := s.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	anna.sees("#state", "reconnecting")
	anna.sees("#trouble", "The server is restarting. Trying again in")
}

func writeTo(t *testing.T, pipe, document string) {
	t.Helper()
	f, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(document); err != nil {
		t.Fatal(err)
	}
}

func TestDemoChatOnAPhoneInTheDark(t *testing.T) {
	s, _ := demo(t)
	open := browser(t)
	anna := open("http://" + s.address + "/?name=Anna")
	anna.sees("#me", "Anna in lobby")
	anna.say(strings.Repeat("aVeryLongWord", 20))
	anna.sees("#log", "aVeryLongWord")
	anna.phone()
	anna.scheme("light")
	if light := anna.brightness(); light < 200 {
		t.Errorf("a brightness of %v is not light", light)
	}
	anna.scheme("dark")
	if dark := anna.brightness(); dark > 60 {
		t.Errorf("a brightness of %v is not dark", dark)
	}
	anna.click("#theme")
	if light := anna.brightness(); light < 200 {
		t.Errorf("the button leads to a brightness of %v", light)
	}
}

// The chat comes back to a server that was away, and what was being written is still there.
func TestDemoChatComesBack(t *testing.T) {
	s, _ := demo(t)
	open := browser(t)
	anna := open("http://" + s.address + "/?name=Anna")
	anna.sees("#me", "Anna in lobby")
	if status := s.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	anna.sees("#state", "reconnecting")
	anna.say("still here")
	again := &server{t: t}
	again.start("demo", "--listen", s.address, "--workers", "2")
	again.log.wait("listening")
	anna.sees("#state", "connected")
	anna.sees("#me", "Anna in lobby")
	if draft := value[string](anna, `document.getElementById("text").value`); draft != "still here" {
		t.Errorf("what was being written has become %q", draft)
	}
	anna.press("Send")
	anna.sees("#log", "still here")
}

// The page must not hand out the application's code.
func TestDemoServesItsPageOnly(t *testing.T) {
	s, _ := demo(t)
	for path, want := range map[string]int{
		"/": 200, "/chat.js": 200, "/push_server_events.php": 404, "/../push_server_events.php": 404,
	} {
		response, err := http.Get("http://" + s.address + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		policy := response.Header.Get("Content-Security-Policy")
		if response.StatusCode != want || !strings.HasPrefix(policy, "default-src 'self';") {
			t.Errorf("%s: got %d, policy %q", path, response.StatusCode, policy)
		}
	}
}
