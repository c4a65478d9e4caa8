package pages

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
	"github.com/wsbridge/wsbridge/tests/harness/browser"
)

func say(p *browser.Tab, text string) {
	p.T.Helper()
	p.Write("#text", text+"\r")
}

// demo runs the demo on a port of its own, and returns the pipe's path, too.
func demo(t *testing.T, args ...string) (s *harness.Server, pipe string) {
	t.Helper()
	s = &harness.Server{T: t}
	s.Start(append([]string{"demo", "--listen", "127.0.0.1:0", "--workers", "2"}, args...)...)
	return s, s.AwaitListening()["pipe"].(string)
}

// One test, since a browser takes longer to start than most of what it shows.
func TestDemo(t *testing.T) {
	b := browser.Start(t)
	for name, test := range map[string]func(*testing.T, *browser.Browser){
		"chat in two tabs":            chatInTwoTabs,
		"chat on a phone in the dark": chatOnAPhoneInTheDark,
		"chat comes back":             chatComesBack,
		"says where its dashboard is": demoSaysWhereItsDashboardIs,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, b)
		})
	}
}

func chatInTwoTabs(t *testing.T, b *browser.Browser) {
	s, pipe := demo(t)
	url := "http://" + s.Address + "/"

	anna := b.Open(t, url+"?name=Anna")
	anna.Sees("#state", "connected")
	anna.Sees("#me", "Anna in lobby")
	bert := b.Open(t, url+"?name=Bert")
	bert.Sees("#me", "Bert in lobby")
	anna.Sees("#rooms", "Bert")
	anna.Sees("#log", "Bert joined lobby")

	say(anna, "Grüße, 世界 <b>&amp;<img src=x onerror=alert(1)>")
	bert.Sees("#log", "Grüße, 世界 <b>&amp;<img src=x onerror=alert(1)>")
	say(bert, "/join kitchen")
	anna.Sees("#log", "Bert left lobby")
	anna.Sees("#rooms", "kitchen")
	say(anna, "only the lobby sees this")
	say(anna, "/name Anna <i>the</i> Second")
	anna.Sees("#me", "Anna <i>the</i> Second in lobby")
	bert.Sees("#rooms", "Anna <i>the</i> Second")
	bert.Press("New room…")
	bert.Write("#answer", "a b")
	bert.Press("OK")
	bert.Sees("#me", "Bert in a b")

	writeTo(t, pipe, `{"to":"*","text":"hi from the pipe"}`+"\n")
	for _, p := range []*browser.Tab{anna, bert} {
		p.Sees("#log", "hi from the pipe")
	}
	if log := bert.Text("#log"); strings.Contains(log, "only the lobby") {
		t.Errorf("the kitchen saw what was said in the lobby: %s", log)
	}
	if status := s.Stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	anna.Sees("#state", "reconnecting")
	anna.Sees("#trouble", "The server is restarting. Trying again in")
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

func chatOnAPhoneInTheDark(t *testing.T, b *browser.Browser) {
	s, _ := demo(t)
	anna := b.Open(t, "http://"+s.Address+"/?name=Anna")
	anna.Sees("#me", "Anna in lobby")
	say(anna, strings.Repeat("aVeryLongWord", 20))
	anna.Sees("#log", "aVeryLongWord")
	anna.Phone()
	anna.Scheme("light")
	if light := anna.Brightness(); light < 200 {
		t.Errorf("a brightness of %v is not light", light)
	}
	anna.Scheme("dark")
	if dark := anna.Brightness(); dark > 60 {
		t.Errorf("a brightness of %v is not dark", dark)
	}
	anna.Click("#theme")
	if light := anna.Brightness(); light < 200 {
		t.Errorf("the button leads to a brightness of %v", light)
	}
}

// The chat reconnects to a server that was away. What was written meanwhile is said in the room that it was written for.
func chatComesBack(t *testing.T, b *browser.Browser) {
	s, _ := demo(t)
	anna := b.Open(t, "http://"+s.Address+"/?name=Anna")
	anna.Sees("#me", "Anna in lobby")
	say(anna, "/join kitchen")
	anna.Sees("#me", "Anna in kitchen")
	if status := s.Stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	anna.Sees("#state", "reconnecting")
	say(anna, "still here")
	again := &harness.Server{T: t}
	again.Start("demo", "--listen", s.Address, "--workers", "2")
	again.Log.Wait("listening")
	bert := b.Open(t, "http://"+s.Address+"/?name=Bert")
	say(bert, "/join kitchen")
	anna.Sees("#state", "connected")
	anna.Sees("#me", "Anna in kitchen")
	anna.Sees("#log", "still here")
	anna.Sees("#rooms", "Bert")
	say(bert, "welcome back")
	anna.Sees("#log", "welcome back")
	log := anna.Text("#log")
	isBack := strings.Count(log, "Anna joined kitchen") == 2
	if !isBack || strings.Count(log, "still here") != 1 || strings.Index(log, "still here") < strings.LastIndex(log, "Anna joined kitchen") {
		t.Errorf("it was not said once, in the kitchen: %s", log)
	}
}

// The page must not hand out the application's code.
func TestDemoServesItsPageOnly(t *testing.T) {
	s, _ := demo(t)
	for path, want := range map[string]int{
		"/": 200, "/chat.js": 200, "/wsbridge.js": 200, "/push_server_events.php": 404, "/../push_server_events.php": 404,
	} {
		response, err := http.Get("http://" + s.Address + path)
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

func demoSaysWhereItsDashboardIs(t *testing.T, b *browser.Browser) {
	s, _ := demo(t)
	var address string
	harness.Eventually(t, "the address is told", func() bool {
		_, rest, found := strings.Cut(s.Log.Text(), "See what the server does at ")
		address, _, _ = strings.Cut(rest, "\n")
		return found
	})
	p := b.Open(t, address)
	p.Sees("#state", "ready")
	p.Sees(".handlers", "the alone worker")
}

func TestPictureOfTheChat(t *testing.T) {
	browser.NeedsScreenshots(t)
	s, pipe := demo(t)
	b := browser.Start(t)
	url := "http://" + s.Address + "/?name="
	anna, bert, carla, dora := b.Open(t, url+"Anna"), b.Open(t, url+"Bert"), b.Open(t, url+"Carla"), b.Open(t, url+"Dora")
	for _, p := range []*browser.Tab{anna, bert, carla, dora} {
		p.Sees("#state", "connected")
	}
	say(dora, "/join kitchen")
	dora.Sees("#me", "kitchen")
	say := func(p *browser.Tab, text string) {
		say(p, text)
		anna.Sees("#log", text)
	}
	say(bert, "Is the new release out?")
	say(carla, "Since this morning. I deployed the handlers while you were all connected")
	say(carla, "nobody was dropped")
	say(anna, "I did not notice anything. Grüße aus Köln, привет")
	say(bert, "/tell 1 Coffee at three?")
	anna.Sees("#log", "Coffee at three?")
	writeTo(t, pipe, `{"to":"*","text":"The nightly report is ready."}`+"\n")
	anna.Sees("#log", "nightly")
	anna.Scheme("light")
	anna.Picture("chat", 960, 620)
	anna.Scheme("dark")
	anna.Picture("chat-phone", 360, 640)
}
