package fifo

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// fuzzScript turns fuzz input into a script: two bytes that text rarely has stand for silence.
func fuzzScript(p []byte) []string {
	var script []string
	for len(p) > 0 {
		i := bytes.IndexAny(p, "\x01\x02")
		if i < 0 {
			return append(script, string(p))
		}
		if i > 0 {
			script = append(script, string(p[:i]))
		}
		script = append(script, map[byte]string{1: quietly, 2: stalled}[p[i]])
		p = p[i+1:]
	}
	return script
}

// bracketed matches texts that begin with a bracket and cannot be JSON from their first word on.
var bracketed = regexp.MustCompile(`^[{\[][^{}\[\]",:\s]`)

func FuzzSplitter(f *testing.F) {
	for i, row := range splitterRows {
		data := strings.NewReplacer(quietly, "\x01", stalled, "\x02").Replace(strings.Join(row.script, ""))
		f.Add([]byte(data), uint64(i))
	}
	f.Fuzz(func(t *testing.T, data []byte, seed uint64) {
		script := fuzzScript(data)
		want := play(testLimit, script, whole)
		checkDocuments(t, want.docs)
		checkPieces(t, script, want, seed)
		checkMemory(t, script)
		checkRecovery(t, script)
		checkForgery(t, data, seed)
		checkScanner(t, data)
	})
}

func checkDocuments(t *testing.T, docs []string) {
	t.Helper()
	for _, d := range docs {
		switch {
		case d == "" || len(d) > testLimit || strings.Trim(d, blanks) != d:
			t.Errorf("document %q is empty, too long or not trimmed", d)
		case (d[0] == '{' || d[0] == '[') && !json.Valid([]byte(d)) && !bracketed.MatchString(d):
			t.Errorf("document %q is neither valid JSON nor a text in brackets", d)
		}
	}
}

func checkPieces(t *testing.T, script []string, want outcome, seed uint64) {
	t.Helper()
	if got := play(testLimit, script, bytewise); !equal(got, want) {
		t.Errorf("byte by byte %+v, whole %+v", got, want)
	}
	r := rand.New(rand.NewPCG(seed, 0))
	if got := play(testLimit, script, randomly(r, 9)); !equal(got, want) {
		t.Errorf("in pieces %+v, whole %+v", got, want)
	}
}

func checkMemory(t *testing.T, script []string) {
	t.Helper()
	s := newSplitter(testLimit, func([]byte) {}, func(Skipped) {})
	for _, piece := range script {
		if piece == quietly || piece == stalled {
			s.silence()
			continue
		}
		s.feed([]byte(piece))
		if len(s.buf) > max(testLimit, 4*tailSize+1) {
			t.Errorf("%d bytes held, limit %d", len(s.buf), testLimit)
		}
		if s.skipped < 0 {
			t.Errorf("skipped count is %d", s.skipped)
		}
	}
}

// checkRecovery: whatever came before, a document arrives after a stall, and in a flood without any pause
// only few are lost.
func checkRecovery(t *testing.T, script []string) {
	t.Helper()
	const doc = `{"k":"v"}`
	after := play(testLimit, slices.Concat(script, []string{"\n", stalled, doc}), whole)
	if n := len(after.docs); n == 0 || after.docs[n-1] != doc {
		t.Errorf("document after a stall is missing in %q", after.docs)
	}
	flood := play(testLimit, slices.Concat(script, []string{strings.Repeat(doc, 16), quietly}), whole)
	if n := len(flood.docs); n < 8 || slices.ContainsFunc(flood.docs[n-8:], func(d string) bool { return d != doc }) {
		t.Errorf("flood of documents does not recover: %q", flood.docs)
	}
}

// checkForgery writes small documents into the middle of a large one that holds a visitor's text, as the
// kernel may, and looks that nothing in the text becomes a document or a command.
func checkForgery(t *testing.T, text []byte, seed uint64) {
	t.Helper()
	quoted, err := json.Marshal(string(text))
	if err != nil {
		t.Fatal(err)
	}
	const limit, small = 1 << 20, `{"w":1}`
	r := rand.New(rand.NewPCG(seed, 1))
	stream := []byte(`{"text":`)
	for len(quoted) > 1 {
		n := 1 + r.IntN(len(quoted)-1)
		stream = append(append(stream, quoted[:n]...), small...)
		quoted = quoted[n:]
	}
	stream = append(append(stream, quoted...), '}')
	for _, d := range play(limit, []string{string(stream), stalled}, whole).docs {
		if d != small {
			t.Errorf("text in %q became the document %q", stream, d)
		}
	}
}

// checkScanner compares the scanner with encoding/json.
func checkScanner(t *testing.T, p []byte) {
	t.Helper()
	p = bytes.Trim(p, " \t\r\n")
	if len(p) == 0 || p[0] != '{' && p[0] != '[' {
		return
	}
	ok := lastVerdict(p) == done
	if ok != json.Valid(p) {
		t.Errorf("scanner accepts %q: %v, encoding/json: %v", p, ok, json.Valid(p))
	}
}

// lastVerdict is the verdict on p as a whole.
func lastVerdict(p []byte) verdict {
	var c scanner
	for i, b := range p {
		if v := c.step(b); v != more {
			if i < len(p)-1 {
				return bad
			}
			return v
		}
	}
	return more
}
