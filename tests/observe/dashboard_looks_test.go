package observe

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/wsbridge/wsbridge/tests/harness"
	"github.com/wsbridge/wsbridge/tests/harness/browser"
)

// How the dashboard looks: sizes that a browser has laid out, of elements that the page's own modules have made.

// widths are those of windows, from a phone to a large screen.
func widths() []int64 { return []int64{360, 700, 900, 1200, 1500} }

// The bar of an event is as long as it took, on a scale that shows 2 ms and 60 ms.
func dashboardBarsAreAsLongAsEventsTook(t *testing.T, b *browser.Browser) {
	s, address := watched(t, "")
	p := b.Open(t, withToken(address))
	p.Press("Live")
	tailing(p)
	p.Sees(".legend", "length: 100 µs to 10 s, logarithmic: a line for each ten times more")
	s.Connect().Ask("hello")
	p.Until("the bar of a real event has a length", `document.querySelector(".event .bar .length")?.getBoundingClientRect().width > 0`)
	p.Press("Pause") // what follows is not moved
	p.Evaluate(`import("./event.js").then(({ drawEvent }) => {
		document.querySelector(".events").replaceChildren(...[0, 2, 60, 60000].map((ms, i) => drawEvent(
			{ time: "2026-03-01T12:00:00.000Z", seq: i, event: "text", made: {}, run_us: 1000 * ms, total_us: 1000 * ms })));
	})`)
	for _, width := range widths() {
		p.Run(chromedp.EmulateViewport(width, 700))
		parts := browser.Value[[]float64](p, `[...document.querySelectorAll(".bar")].map(bar =>
			bar.querySelector(".length").getBoundingClientRect().width / bar.getBoundingClientRect().width)`)
		for i, want := range []float64{0.01, 0.26, 0.56, 1} {
			if len(parts) != 4 || math.Abs(parts[i]-want) > 0.02 {
				t.Errorf("in a window of %d: got %.3v of a bar, want %v", width, parts, want)
				break
			}
		}
	}
}

// Whatever the values in the legends of plots, nothing moves.
func dashboardStaysInPlaceWhenValuesChange(t *testing.T, b *browser.Browser) {
	_, address := watched(t, "")
	p := b.Open(t, withToken(address))
	tile(p, "Connections", "0")
	for _, width := range widths() {
		p.Run(chromedp.EmulateViewport(width, 700))
		layouts := p.Evaluate(`import("./plots.js").then(({ makePlots }) => {
			const plots = makePlots();
			document.querySelector(".overview").prepend(plots.element);
			const at = e => { const { x, y, width, height } = e.getBoundingClientRect(); return [x, y, width, height].map(Math.round).join(); };
			const layouts = new Set();
			for (const n of [0, 1, 12, 345, 1111, 4444, 15600, 88888, 388000, 777777, 3140000, 9990000]) {
				const us = { p50: n, p95: n };
				const point = { time: "2026-03-01T12:00:00.000Z", connections: n, events: n, failed: n, sent: 2 * n, connections_waiting: n,
					queue_us: us, connect_us: us, wait_us: us, run_us: us, apply_us: us, workers_active: n, workers_idle: n };
				for (const points of [[], [point]]) {
					plots.draw({ interval_us: 2e6, points }, { php: {} });
					layouts.add([...plots.element.querySelectorAll(".plot, .legend li, .canvas")].map(at).join(" "));
				}
			}
			plots.element.remove();
			return [...layouts];
		}).then(layouts => layouts.length)`)
		if layouts != "1" {
			t.Errorf("in a window of %d, there are %s layouts", width, layouts)
		}
	}
}

// Totals are not where rates are.
func dashboardTellsTotalsFromRates(t *testing.T, b *browser.Browser) {
	s, address := watched(t, "")
	c := s.Connect()
	for range 5 {
		c.Ask("hello")
	}
	p := b.Open(t, withToken(address))
	p.Sees(".server", "Since its start")
	p.Until("the messages since the start are told", `/5 messages received \(25 B\), 5 sent \(55 B\)/.test(document.querySelector(".server").innerText)`)
	p.Until("there is no message any more", `[...document.querySelectorAll(".tile")].some(t => t.innerText.match(/^Sent per second\n+0\n+0 received per second$/))`)
	if text := p.Text(".tiles"); text == "" {
		t.Error("there are no tiles")
	}
}

// An empty plot says why, and so does the list of resident workers.
func dashboardSaysWhyThereAreNoWorkers(t *testing.T, b *browser.Browser) {
	fpm := harness.StartFPM(t, 3)
	for _, tt := range []struct{ php, plot, workers string }{
		{"[php]\nresident = \"off\"\n", "", `There are none, since php.resident = "off": each event is a request of its own.`},
		{"[php]\nresident = \"auto\"\nfastcgi = " + browser.Quote(fpm.Address) + "\n", "php-fpm does not tell about its workers:php.status_path does not name the status page of php-fpm",
			"There are none, since php.resident_fastcgi names no pool"},
	} {
		_, address := watched(t, tt.php)
		p := b.Open(t, withToken(address))
		p.Sees(".workers", tt.workers)
		const empty = `[...document.querySelectorAll(".plot")].map(p => p.querySelector(".empty")?.textContent ?? "")`
		p.Until("the plots say why they are empty", fmt.Sprintf(`JSON.stringify(%s) === JSON.stringify(["", "", "No event has ended in this time", %s])`,
			empty, browser.Quote(tt.plot)))
	}
}

// A row of connections is one link, wherever it is met, and large enough for a finger.
func dashboardRowsAreLinks(t *testing.T, b *browser.Browser) {
	s, address := watched(t, "")
	s.ConnectAs("login=anna")
	p := b.Open(t, withToken(address))
	list := func() (row box) {
		t.Helper()
		view(p, "#/connections")
		p.Sees("#connections", "anna")
		row = browser.Value[box](p, `document.querySelector("#connections tr").getBoundingClientRect().toJSON()`)
		if row.Height < 44 {
			t.Errorf("the row is %v pixels high", row.Height)
		}
		return row
	}
	shown := func(how string) {
		t.Helper()
		p.Until("the connection is shown after "+how, `location.hash === "#/connections/1" && document.querySelector("h1").innerText === "Client 1"`)
	}
	row := list()
	if n := browser.Value[int](p, `document.querySelectorAll("#connections a").length`); n != 1 {
		t.Errorf("a row has %d links", n)
	}
	p.Run(chromedp.MouseClickXY(row.X+row.Width-3, row.Y+row.Height-3, chromedp.ButtonMiddle))
	harness.Eventually(t, "the middle button opens another tab", func() bool {
		targets, err := chromedp.Targets(p.Ctx)
		return err == nil && slices.ContainsFunc(targets, func(i *target.Info) bool { return i.URL == address+"#/connections/1" })
	})
	if at := browser.Value[string](p, "location.hash"); at != "#/connections" {
		t.Errorf("the middle button has led to %s", at)
	}
	for _, x := range []float64{row.X + 3, row.X + row.Width/2, row.X + row.Width - 3} {
		row = list()
		p.Run(chromedp.MouseClickXY(x, row.Y+row.Height/2))
		shown(fmt.Sprintf("a click at %v", x))
	}
	list()
	p.Run(chromedp.Focus("#connections a", chromedp.ByQuery), chromedp.KeyEvent(kb.Enter))
	shown("Enter")

	p.Phone()
	row = list()
	p.Run(chromedp.ScrollIntoView("#connections tr", chromedp.ByQuery))
	row = list()
	p.Run(chromedp.MouseClickXY(row.X+row.Width-3, row.Y+row.Height-3))
	shown("a tap")
	for _, fragment := range []string{"#/", "#/connections", "#/connections/1", "#/live"} {
		view(p, fragment)
		p.Until(fragment+" is shown", `[...document.querySelectorAll("main button")].some(e => e.checkVisibility())`)
		if low := browser.Value[[]string](p, `[...document.querySelectorAll("button, .button, nav a, select")]
			.filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 44).map(e => e.outerHTML.slice(0, 80))`); len(low) > 0 {
			t.Errorf("%s has what is too low for a finger: %q", fragment, low)
		}
	}
}

// Dragging the mouse over text selects it, also where a click acts, and is no click.
func dashboardTextsCanBeSelected(t *testing.T, b *browser.Browser) {
	s, address := watched(t, "")
	anna := s.ConnectAs("login=anna")
	p := b.Open(t, withToken(address))
	drag := func(element string) (selected string) {
		t.Helper()
		at := browser.Value[box](p, `(() => { const r = document.createRange(); r.selectNodeContents(`+element+`); return r.getBoundingClientRect().toJSON(); })()`)
		y := at.Y + at.Height/2
		p.Run(chromedp.MouseEvent(input.MousePressed, at.X+1, y, chromedp.ButtonLeft, chromedp.ClickCount(1)),
			chromedp.MouseEvent(input.MouseMoved, at.X+at.Width/2, y, chromedp.ButtonLeft),
			chromedp.MouseEvent(input.MouseMoved, at.X+at.Width-1, y, chromedp.ButtonLeft),
			chromedp.MouseEvent(input.MouseReleased, at.X+at.Width-1, y, chromedp.ButtonLeft, chromedp.ClickCount(1)))
		return browser.Value[string](p, "getSelection().toString()")
	}
	view(p, "#/connections")
	p.Sees("#connections", "anna")
	harness.Eventually(t, "the login is selected", func() bool { // what is above it may have moved it meanwhile
		return drag(`[...document.querySelectorAll("#connections td")].find(c => c.textContent === "anna")`) == "anna"
	})
	if at := browser.Value[string](p, "location.hash"); at != "#/connections" {
		t.Errorf("it has led to %s", at)
	}
	view(p, "#/live")
	tailing(p)
	anna.Ask("hello")
	p.Sees(".events", "client 1")
	harness.Eventually(t, "the client is selected", func() bool {
		return drag(`document.querySelector(".event .who")`) == "client 1"
	})
	p.Run(chromedp.Focus(".event summary", chromedp.ByQuery))
	if browser.Value[bool](p, `document.querySelector(".event details").open`) {
		t.Error("it has opened the event")
	}
	p.Run(chromedp.KeyEvent(kb.Enter))
	p.Until("a key opens the event whatever is selected", `document.querySelector(".event details").open`)
}

// box is where an element is.
type box struct{ X, Y, Width, Height float64 }
