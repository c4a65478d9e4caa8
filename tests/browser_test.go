package tests

import (
	"context"
	"encoding/json"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// tab is a page in a real Chromium. Whatever its scripts throw, and what its policy refuses, fails the test.
type tab struct {
	t       *testing.T
	ctx     context.Context
	mu      sync.Mutex // guards what follows
	trouble []string
}

// browser opens pages in tabs of their own in one Chromium.
func browser(t *testing.T, more ...chromedp.ExecAllocatorOption) (open func(url string) *tab) {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.NoSandbox,
		chromedp.DisableGPU)
	options = append(options, more...)
	allocator, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ignore := func(string, ...any) {} // of events that chromedp does not know yet
	first, cancelFirst := chromedp.NewContext(allocator, chromedp.WithErrorf(ignore))
	t.Cleanup(cancelFirst)
	if err := chromedp.Run(first); err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	return func(url string) *tab {
		t.Helper()
		ctx, cancel := chromedp.NewContext(first)
		t.Cleanup(cancel)
		ctx, cancelTab := context.WithTimeout(ctx, 6*patience)
		t.Cleanup(cancelTab)
		p := &tab{t: t, ctx: ctx}
		p.listen()
		p.run(chromedp.EmulateViewport(900, 600), chromedp.Navigate(url))
		return p
	}
}

func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			return found
		}
	}
	t.Fatal("no chromium found: run make test")
	return ""
}

func (p *tab) listen() {
	chromedp.ListenTarget(p.ctx, func(event any) {
		p.mu.Lock()
		defer p.mu.Unlock()
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			p.trouble = append(p.trouble, e.ExceptionDetails.Error())
		case *log.EventEntryAdded:
			if e.Entry.Source == log.SourceSecurity || strings.Contains(e.Entry.Text, "Content Security Policy") {
				p.trouble = append(p.trouble, e.Entry.Text)
			}
		}
	})
	p.t.Cleanup(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, text := range p.trouble {
			p.t.Errorf("in the browser: %s", text)
		}
	})
}

func (p *tab) run(actions ...chromedp.Action) {
	p.t.Helper()
	if err := chromedp.Run(p.ctx, actions...); err != nil {
		p.t.Fatalf("in the browser: %v", err)
	}
}

// until waits until a JavaScript expression is true.
func (p *tab) until(what, expression string) {
	p.t.Helper()
	// A poll that runs within the page ends with it, should the page be loaded anew; this one does not.
	deadline := time.Now().Add(patience)
	for {
		var done bool
		err := chromedp.Run(p.ctx, chromedp.Evaluate("Boolean("+expression+")", &done))
		if done {
			return
		}
		if time.Now().After(deadline) {
			var all string
			_ = chromedp.Run(p.ctx, chromedp.Evaluate("document.body.innerText", &all))
			p.t.Fatalf("never happened: %s (%v)\n%s", what, err, all)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// sees waits until the text of an element, which is given by a CSS selector, contains text.
func (p *tab) sees(selector, text string) {
	p.t.Helper()
	p.until(selector+" shows "+text, "document.querySelector("+quoteJS(selector)+")?.innerText.includes("+quoteJS(text)+")")
}

// text returns what an element shows.
func (p *tab) text(selector string) (text string) {
	p.t.Helper()
	p.run(chromedp.Text(selector, &text, chromedp.ByQuery))
	return text
}

// value evaluates an expression.
func value[T any](p *tab, expression string) (v T) {
	p.t.Helper()
	p.run(chromedp.Evaluate(expression, &v))
	return v
}

func quoteJS(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string can be encoded
	}
	return string(b)
}

// write types into an input, after what it holds has been removed.
func (p *tab) write(selector, text string) {
	p.t.Helper()
	find := "document.querySelector(" + quoteJS(selector) + ")"
	p.until("there is "+selector, find+"?.checkVisibility()")
	p.run(chromedp.Evaluate(find+`.value = ""; `+find+".focus()", nil), chromedp.KeyEvent(text))
}

func (p *tab) click(selector string) {
	p.t.Helper()
	p.run(chromedp.Evaluate("document.querySelector("+quoteJS(selector)+").click()", nil))
}

// press clicks the button, or link, that is called name.
func (p *tab) press(name string) {
	p.t.Helper()
	find := `[...(document.querySelector("dialog[open]") ?? document).querySelectorAll("button, a")]
		.find(b => b.textContent.trim() === ` + quoteJS(name) + ` && b.checkVisibility())`
	p.until("there is a button "+name, find)
	p.run(chromedp.Evaluate("("+find+").click()", nil))
}

// phone makes the window a small phone's, and fails the test if the page can be scrolled to the side.
func (p *tab) phone() {
	p.t.Helper()
	const width = 360
	p.run(chromedp.EmulateViewport(width, 740, chromedp.EmulateMobile))
	p.until("the window is narrow", "innerWidth <= 360")
	if wide := value[int](p, "document.documentElement.scrollWidth"); wide > width {
		p.t.Errorf("the page is %d pixels wide on a phone of %d: %v", wide, width, value[[]string](p, `[...document.querySelectorAll("body *")]
			.filter(e => e.getBoundingClientRect().right > 361).slice(0, 5).map(e => e.outerHTML.slice(0, 80))`))
	}
}

// scheme says what the system's colours are: "light" or "dark".
func (p *tab) scheme(name string) {
	p.t.Helper()
	p.run(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}}))
}

// brightness is that of the page's background, from 0 to 255.
func (p *tab) brightness() float64 {
	p.t.Helper()
	return value[float64](p, `getComputedStyle(document.documentElement).backgroundColor.match(/\d+/g).slice(0, 3)
		.reduce((sum, part) => sum + Number(part) / 3, 0)`)
}
