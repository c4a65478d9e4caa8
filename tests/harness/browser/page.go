package browser

import (
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// Page is a page in any browser. Its methods fail the test.
type Page interface {
	Evaluate(expression string) string // the value, or that of a promise, as JSON
	Until(what, expression string)
	Offline(is bool) // takes the network away, or gives it back
	Hide()           // opens another tab in front of it
	Show()
}

// toJSON is an expression whose value is the JSON of another's.
func toJSON(expression string) string {
	return "Promise.resolve(" + expression + ").then(value => JSON.stringify(value) ?? \"\")"
}

// Evaluate returns the value of an expression, or of the promise that it is, as JSON.
func (p *Tab) Evaluate(expression string) (text string) {
	p.T.Helper()
	await := func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }
	p.Run(chromedp.Evaluate(toJSON(expression), &text, await))
	return text
}

// Offline takes the network away, or gives it back.
func (p *Tab) Offline(is bool) {
	p.T.Helper()
	const unlimited = -1
	p.Run(network.Enable(), network.EmulateNetworkConditions(is, 0, unlimited, unlimited))
}

// Hide opens another tab in front of the page.
func (p *Tab) Hide() {
	p.T.Helper()
	c := chromedp.FromContext(p.Ctx)
	ctx := cdp.WithExecutor(p.Ctx, c.Browser)
	info, err := target.GetTargetInfo().WithTargetID(c.Target.TargetID).Do(ctx)
	if err != nil {
		p.T.Fatal(err)
	}
	if _, err := target.CreateTarget("about:blank").WithBrowserContextID(info.BrowserContextID).Do(ctx); err != nil {
		p.T.Fatal(err)
	}
}

// Show brings the page to the front.
func (p *Tab) Show() {
	p.T.Helper()
	c := chromedp.FromContext(p.Ctx)
	if err := target.ActivateTarget(c.Target.TargetID).Do(cdp.WithExecutor(p.Ctx, c.Browser)); err != nil {
		p.T.Fatal(err)
	}
}
