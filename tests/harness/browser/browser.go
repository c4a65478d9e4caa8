// Package browser drives pages in a real Chromium.
package browser

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// Tab is a page. What its scripts throw, and what its policy refuses, fails the test, as do its methods.
type Tab struct {
	T   testing.TB
	Ctx context.Context // of chromedp

	mu      sync.Mutex // guards what follows
	trouble []string
}

// Browser is a Chromium with a tab for each page.
type Browser struct{ ctx context.Context }

// Start starts a Chromium. The test's end closes it.
func Start(tb testing.TB, more ...chromedp.ExecAllocatorOption) *Browser {
	tb.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(tb)), chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.Env("TMPDIR="+folder(tb)))
	options = append(options, more...)
	allocator, cancel := chromedp.NewExecAllocator(tb.Context(), options...)
	tb.Cleanup(cancel)
	ignore := func(string, ...any) {} // of events that chromedp does not know yet
	first, cancelFirst := chromedp.NewContext(allocator, chromedp.WithErrorf(ignore))
	tb.Cleanup(cancelFirst)
	if err := chromedp.Run(first); err != nil {
		tb.Fatalf("start chromium: %v", err)
	}
	return &Browser{first}
}

// folder returns one for what Chromium leaves when it is killed. Its path is short, since a socket lies in it.
func folder(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "chromium")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) }) // what a process of it still writes is left
	return dir
}

// Open opens a page in a tab that shares nothing with the others, such as cookies. The end of the test, which may be a
// subtest of the browser's, closes it.
func (b *Browser) Open(tb testing.TB, url string) *Tab {
	tb.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithTargetID(b.window(tb)))
	tb.Cleanup(cancel)
	ctx, cancelTab := context.WithTimeout(ctx, 6*harness.Patience)
	tb.Cleanup(cancelTab)
	p := &Tab{T: tb, Ctx: ctx}
	p.listen()
	p.Run(chromedp.EmulateViewport(900, 600), chromedp.Navigate(url))
	return p
}

// window opens an empty window of somebody else.
func (b *Browser) window(tb testing.TB) target.ID {
	tb.Helper()
	ctx := cdp.WithExecutor(b.ctx, chromedp.FromContext(b.ctx).Browser)
	person, err := target.CreateBrowserContext().Do(ctx)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = target.DisposeBrowserContext(person).Do(ctx) }) // or the browser's end does
	id, err := target.CreateTarget("about:blank").WithBrowserContextID(person).WithNewWindow(true).Do(ctx)
	if err != nil {
		tb.Fatal(err)
	}
	return id
}

func chromium(tb testing.TB) string {
	tb.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			return found
		}
	}
	tb.Fatal("no chromium found: run make test")
	return ""
}

func (p *Tab) listen() {
	chromedp.ListenTarget(p.Ctx, func(event any) {
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
	p.T.Cleanup(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, text := range p.trouble {
			p.T.Errorf("in the browser: %s", text)
		}
	})
}

// Run runs actions of chromedp.
func (p *Tab) Run(actions ...chromedp.Action) {
	p.T.Helper()
	if err := chromedp.Run(p.Ctx, actions...); err != nil {
		p.T.Fatalf("in the browser: %v", err)
	}
}

// Until waits until a JavaScript expression is true.
func (p *Tab) Until(what, expression string) {
	p.T.Helper()
	// A poll that runs within the page ends with it, should the page be loaded anew; this one does not.
	deadline := time.Now().Add(harness.Patience)
	for {
		var done bool
		err := chromedp.Run(p.Ctx, chromedp.Evaluate("Boolean("+expression+")", &done))
		if done {
			return
		}
		if time.Now().After(deadline) {
			var all string
			_ = chromedp.Run(p.Ctx, chromedp.Evaluate("document.body.innerText", &all))
			p.T.Fatalf("never happened: %s (%v)\n%s", what, err, all)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Sees waits until the text of an element, which is given by a CSS selector, contains text.
func (p *Tab) Sees(selector, text string) {
	p.T.Helper()
	p.Until(selector+" shows "+text, "document.querySelector("+Quote(selector)+")?.innerText.includes("+Quote(text)+")")
}

// Text returns what an element shows.
func (p *Tab) Text(selector string) (text string) {
	p.T.Helper()
	p.Run(chromedp.Text(selector, &text, chromedp.ByQuery))
	return text
}

// Value evaluates an expression.
func Value[T any](p *Tab, expression string) (v T) {
	p.T.Helper()
	p.Run(chromedp.Evaluate(expression, &v))
	return v
}

// Quote writes a string in JavaScript.
func Quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string can be encoded
	}
	return string(b)
}

// Write types into an input, after what it holds has been removed.
func (p *Tab) Write(selector, text string) {
	p.T.Helper()
	find := "document.querySelector(" + Quote(selector) + ")"
	p.Until("there is "+selector, find+"?.checkVisibility()")
	p.Run(chromedp.Evaluate(find+`.value = ""; `+find+".focus()", nil), chromedp.KeyEvent(text))
}

// Click clicks an element.
func (p *Tab) Click(selector string) {
	p.T.Helper()
	p.Run(chromedp.Evaluate("document.querySelector("+Quote(selector)+").click()", nil))
}

// Press clicks the button, or link, that is called name.
func (p *Tab) Press(name string) {
	p.T.Helper()
	find := `[...(document.querySelector("dialog[open]") ?? document).querySelectorAll("button, a")]
		.find(b => b.textContent.trim() === ` + Quote(name) + ` && b.checkVisibility())`
	p.Until("there is a button "+name, find)
	p.Run(chromedp.Evaluate("("+find+").click()", nil))
}

// Phone makes the window a small phone's, and fails the test if the page can be scrolled to the side.
func (p *Tab) Phone() {
	p.T.Helper()
	const width = 360
	p.Run(chromedp.EmulateViewport(width, 740, chromedp.EmulateMobile))
	p.Until("the window is narrow", "innerWidth <= 360")
	if wide := Value[int](p, "document.documentElement.scrollWidth"); wide > width {
		p.T.Errorf("the page is %d pixels wide on a phone of %d: %v", wide, width, Value[[]string](p, `[...document.querySelectorAll("body *")]
			.filter(e => e.getBoundingClientRect().right > 361).slice(0, 5).map(e => e.outerHTML.slice(0, 80))`))
	}
}

// Scheme says what the system's colours are: "light" or "dark".
func (p *Tab) Scheme(name string) {
	p.T.Helper()
	p.Run(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}}))
}

// Brightness is that of the page's background, from 0 to 255.
func (p *Tab) Brightness() float64 {
	p.T.Helper()
	return Value[float64](p, `getComputedStyle(document.documentElement).backgroundColor.match(/\d+/g).slice(0, 3)
		.reduce((sum, part) => sum + Number(part) / 3, 0)`)
}
