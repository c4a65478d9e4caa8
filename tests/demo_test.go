package tests

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// browser opens a page in a tab of its own in one Chromium.
func browser(t *testing.T, more ...chromedp.ExecAllocatorOption) (open func(url string) context.Context) {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
		}
	}
	if path == "" {
		t.Fatal("no chromium found: run make test")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU)
	options = append(options, more...)
	allocator, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	first, cancelFirst := chromedp.NewContext(allocator)
	t.Cleanup(cancelFirst)
	if err := chromedp.Run(first); err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	return func(url string) context.Context {
		tab, cancel := chromedp.NewContext(first)
		t.Cleanup(cancel)
		tab, cancelTab := context.WithTimeout(tab, 3*patience)
		t.Cleanup(cancelTab)
		if err := chromedp.Run(tab, chromedp.EmulateViewport(900, 600), chromedp.Navigate(url)); err != nil {
			t.Fatalf("open %s: %v", url, err)
		}
		return tab
	}
}

// sees waits until an element's text contains text.
func sees(t *testing.T, tab context.Context, id, text string) {
	t.Helper()
	script := `document.getElementById("` + id + `").innerText.includes(` + quoteJS(text) + `)`
	if err := chromedp.Run(tab, chromedp.Poll(script, nil, chromedp.WithPollingInterval(20*time.Millisecond))); err != nil {
		var all string
		_ = chromedp.Run(tab, chromedp.InnerHTML("body", &all))
		t.Fatalf("%s never showed %q: %v\n%s", id, text, err, all)
	}
}

func quoteJS(s string) string { return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"` }

func say(t *testing.T, tab context.Context, text string) {
	t.Helper()
	if err := chromedp.Run(tab, chromedp.SendKeys("#text", text+"\r", chromedp.ByQuery)); err != nil {
		t.Fatalf("type %q: %v", text, err)
	}
}

func TestDemoChatInABrowser(t *testing.T) {
	s := &server{t: t}
	s.start("demo", "--listen", "127.0.0.1:0", "--workers", "2")
	listening := s.log.wait("listening")
	url := "http://" + listening["address"].(string) + "/"
	open := browser(t)

	anna := open(url + "?name=Anna")
	sees(t, anna, "state", "connected")
	sees(t, anna, "me", "Anna in lobby")
	bert := open(url + "?name=Bert")
	sees(t, bert, "me", "Bert in lobby")
	sees(t, anna, "rooms", "Bert")
	sees(t, anna, "log", "Bert joined lobby")

	say(t, anna, "Grüße, 世界 <b>&amp;")
	sees(t, bert, "log", "Grüße, 世界 <b>&amp;")
	say(t, bert, "/join kitchen")
	sees(t, anna, "log", "Bert left lobby")
	sees(t, anna, "rooms", "kitchen")
	say(t, anna, "only the lobby sees this")
	say(t, anna, "/name Anna the Second")
	sees(t, anna, "me", "Anna the Second in lobby")
	sees(t, bert, "rooms", "Anna the Second")

	pipe, err := os.OpenFile(listening["pipe"].(string), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	if _, err := pipe.WriteString(`{"to":"*","text":"hi from the pipe"}` + "\n"); err != nil {
		t.Fatal(err)
	}
	for _, tab := range []context.Context{anna, bert} {
		sees(t, tab, "log", "hi from the pipe")
	}
	var log string
	if err := chromedp.Run(bert, chromedp.Text("#log", &log)); err != nil || strings.Contains(log, "only the lobby") {
		t.Errorf("%v: the kitchen saw what was said in the lobby: %s", err, log)
	}
	if path := os.Getenv("WSBRIDGE_SCREENSHOT"); path != "" {
		screenshot(t, anna, path)
	}
	if status := s.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	sees(t, anna, "state", "reconnecting")
}

func screenshot(t *testing.T, tab context.Context, path string) {
	t.Helper()
	var picture []byte
	if err := chromedp.Run(tab, chromedp.CaptureScreenshot(&picture)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, picture, 0o644); err != nil {
		t.Fatal(err)
	}
}
