package browser

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// Firefox is a Firefox, driven by WebDriver BiDi, which it speaks by itself.
type Firefox struct {
	mu   sync.Mutex // held during a command
	conn *websocket.Conn
	last int // command's number
}

// FirefoxPage is a page in a window of its own. Its methods fail the test.
type FirefoxPage struct {
	T       testing.TB
	firefox *Firefox
	context string // of BiDi
}

// StartFirefox starts a Firefox with an empty profile. The test's end closes it.
func StartFirefox(tb testing.TB) *Firefox {
	tb.Helper()
	cmd := exec.Command(firefox(tb), "--headless", "--no-remote", "--profile", tb.TempDir(), "--remote-debugging-port", "0", "about:blank")
	cmd.Env = append(os.Environ(), "MOZ_CRASHREPORTER_DISABLE=1")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	address, ended := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			if _, found, is := strings.Cut(lines.Text(), "WebDriver BiDi listening on "); is {
				address <- found
			}
		}
		_ = cmd.Wait()
	}()
	tb.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		select {
		case <-ended:
		case <-time.After(harness.Patience):
			_ = cmd.Process.Kill()
			<-ended
		}
	})
	select {
	case found := <-address:
		return dialFirefox(tb, found)
	case <-ended:
		tb.Fatal("firefox ended before it listened")
	case <-time.After(harness.Patience):
		tb.Fatal("firefox does not listen")
	}
	return nil
}

func firefox(tb testing.TB) string {
	tb.Helper()
	for _, name := range []string{"firefox-esr", "firefox"} {
		if found, err := exec.LookPath(name); err == nil {
			return found
		}
	}
	tb.Fatal("no firefox found: run make test")
	return ""
}

func dialFirefox(tb testing.TB, address string) *Firefox {
	tb.Helper()
	conn, _, err := websocket.DefaultDialer.Dial(address+"/session", nil)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { conn.Close() })
	f := &Firefox{conn: conn}
	f.command(tb, "session.new", object{"capabilities": object{}}, nil)
	return f
}

// object is one of JSON.
type object map[string]any

// command runs a command of BiDi, and stores its result unless that is nil.
func (f *Firefox) command(tb testing.TB, method string, params object, result any) {
	tb.Helper()
	if err := f.try(method, params, result); err != nil {
		tb.Fatalf("firefox: %s: %v", method, err)
	}
}

func (f *Firefox) try(method string, params object, result any) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last++
	if err := f.conn.WriteJSON(object{"id": f.last, "method": method, "params": params}); err != nil {
		return err
	}
	for {
		var answer struct {
			ID             int
			Type           string
			Result         json.RawMessage
			Error, Message string
		}
		if err := f.conn.ReadJSON(&answer); err != nil {
			return err
		}
		switch {
		case answer.ID != f.last: // an event
		case answer.Type == "error":
			return fmt.Errorf("%s: %s", answer.Error, answer.Message)
		case result != nil:
			return json.Unmarshal(answer.Result, result)
		default:
			return nil
		}
	}
}

// Open opens a page. The end of the test, which may be a subtest of Firefox's, closes it.
func (f *Firefox) Open(tb testing.TB, url string) *FirefoxPage {
	tb.Helper()
	p := &FirefoxPage{T: tb, firefox: f, context: f.window(tb, object{"type": "window"})}
	f.command(tb, "browsingContext.navigate", object{"context": p.context, "url": url, "wait": "complete"}, nil)
	return p
}

// window opens a window or tab.
func (f *Firefox) window(tb testing.TB, params object) string {
	tb.Helper()
	var made struct{ Context string }
	f.command(tb, "browsingContext.create", params, &made)
	tb.Cleanup(func() { _ = f.try("browsingContext.close", object{"context": made.Context}, nil) }) // or Firefox's end does
	return made.Context
}

// Evaluate returns the value of an expression, or of the promise that it is, as JSON.
func (p *FirefoxPage) Evaluate(expression string) string {
	p.T.Helper()
	text, err := p.evaluate(expression)
	if err != nil {
		p.T.Fatalf("firefox: %v", err)
	}
	return text
}

func (p *FirefoxPage) evaluate(expression string) (string, error) {
	var done struct {
		Type             string
		Result           struct{ Value string }
		ExceptionDetails struct{ Text string }
	}
	err := p.firefox.try("script.evaluate", object{"expression": toJSON(expression), "target": object{"context": p.context}, "awaitPromise": true}, &done)
	if err == nil && done.Type == "exception" {
		err = fmt.Errorf("%s: %s", expression, done.ExceptionDetails.Text)
	}
	return done.Result.Value, err
}

// Until waits until an expression is true.
func (p *FirefoxPage) Until(what, expression string) {
	p.T.Helper()
	deadline := time.Now().Add(harness.Patience)
	for {
		text, err := p.evaluate("Boolean(" + expression + ")")
		if text == "true" {
			return
		}
		if time.Now().After(deadline) {
			p.T.Fatalf("never happened: %s (%v)", what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Offline takes the network away, or gives it back.
func (p *FirefoxPage) Offline(is bool) {
	p.T.Helper()
	var conditions any
	if is {
		conditions = object{"type": "offline"}
	}
	p.firefox.command(p.T, "emulation.setNetworkConditions", object{"networkConditions": conditions, "contexts": []string{p.context}}, nil)
}

// Hide opens another tab in front of the page.
func (p *FirefoxPage) Hide() {
	p.T.Helper()
	p.firefox.window(p.T, object{"type": "tab", "referenceContext": p.context})
}

// Show brings the page to the front.
func (p *FirefoxPage) Show() {
	p.T.Helper()
	p.firefox.command(p.T, "browsingContext.activate", object{"context": p.context}, nil)
}
