package fifo

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// Pieces of a script that stand for silence instead of data.
const (
	quietly = "<quiet>"
	stalled = "<stall>"
)

const testLimit = 48

// outcome is what a splitter made of a script, in order: documents, and stretches it skipped.
type outcome struct {
	docs    []string
	skipped []string
	order   []string
}

// play runs a script through a new splitter, each piece of data cut by cut.
func play(limit int, script []string, cut func(data []byte, feed func([]byte))) outcome {
	var o outcome
	s := newSplitter(limit,
		func(doc []byte) {
			o.docs = append(o.docs, string(doc))
			o.order = append(o.order, "doc")
		},
		func(sk Skipped) {
			o.skipped = append(o.skipped, fmt.Sprintf("%s %d", sk.Reason, sk.Bytes))
			o.order = append(o.order, "skip")
		})
	for _, piece := range script {
		switch piece {
		case quietly:
			if s.state != inJSON { // of which a reader tells it later, see reader.wait
				s.silence()
			}
		case stalled:
			s.silence()
		default:
			cut([]byte(piece), s.feed)
		}
	}
	return o
}

func whole(p []byte, feed func([]byte)) { feed(p) }

func bytewise(p []byte, feed func([]byte)) {
	for i := range p {
		feed(p[i : i+1])
	}
}

// randomly cuts into pieces of up to longest bytes, and overwrites each piece once it was fed, as a reader does.
func randomly(r *rand.Rand, longest int) func([]byte, func([]byte)) {
	return func(p []byte, feed func([]byte)) {
		for len(p) > 0 {
			n := min(len(p), 1+r.IntN(longest))
			piece := bytes.Clone(p[:n])
			feed(piece)
			for i := range piece {
				piece[i] = '#'
			}
			p = p[n:]
		}
	}
}

var splitterRows = []struct {
	name    string
	script  []string
	docs    []string
	skipped []string
}{
	// JSON by its own end.
	{"object", []string{`{"a":1}`}, []string{`{"a":1}`}, nil},
	{"array", []string{`[1,[2],{"a":[]}]`}, []string{`[1,[2],{"a":[]}]`}, nil},
	{"empty ones", []string{`{}[]{}`}, []string{`{}`, `[]`, `{}`}, nil},
	{"back to back", []string{`{"a":1}{"b":2}[3]{"c":4}`}, []string{`{"a":1}`, `{"b":2}`, `[3]`, `{"c":4}`}, nil},
	{"blanks between", []string{" {\"a\":1}\r\n\x00\t{\"b\":2}\n\n"}, []string{`{"a":1}`, `{"b":2}`}, nil},
	{"pretty-printed", []string{"{\n  \"a\": [\n    {\n      \"b\": null\n    }\n  ]\n}\n{}"},
		[]string{"{\n  \"a\": [\n    {\n      \"b\": null\n    }\n  ]\n}", `{}`}, nil},
	{"brackets in strings", []string{`{"a":"}]{[","b\"}":"\\"}{}`}, []string{`{"a":"}]{[","b\"}":"\\"}`, `{}`}, nil},
	{"all scalars", []string{`[-0.5e+3,0,12E-1,true,false,null,"\u00fF\n"]`}, []string{`[-0.5e+3,0,12E-1,true,false,null,"\u00fF\n"]`}, nil},
	{"UTF-8", []string{`{"é":"日本𝄞"}`, `x日`, quietly}, []string{`{"é":"日本𝄞"}`, `x日`}, nil},
	{"a pause inside", []string{`{"a":`, quietly, `1}`}, []string{`{"a":1}`}, nil},
	{"invalid UTF-8 is handed over", []string{"[\"\xff\"]", "a\xff\x00b", quietly}, []string{"[\"\xff\"]", "a\xff\x00b"}, nil},

	// Bare commands.
	{"by quiet", []string{`reload`, quietly}, []string{`reload`}, nil},
	{"not before quiet", []string{`reload`}, nil, nil},
	{"in pieces", []string{`rel`, `oad`, quietly}, []string{`reload`}, nil},
	{"by newline", []string{"reload\nstatus now\r\n\n \nx"}, []string{`reload`, `status now`}, nil},
	{"trimmed", []string{" \t\x00reload \v\x00", quietly}, []string{`reload`}, nil},
	{"scalars are commands", []string{"123\n\"x\"\ntrue\n"}, []string{`123`, `"x"`, `true`}, nil},
	{"after JSON", []string{`{"a":1}reload`, quietly}, []string{`{"a":1}`, `reload`}, nil},
	{"before JSON", []string{`reload`, quietly, `{"a":1}`}, []string{`reload`, `{"a":1}`}, nil},
	{"glued to an object", []string{`reload{"a":1}{"b":2}`}, []string{`reload`, `{"a":1}`, `{"b":2}`}, nil},
	{"with an argument", []string{"set {\"a\":1}\n", `set={"a":1}`, quietly, `f({"a":1})`, quietly, `kick["bob"]`, quietly},
		[]string{`set {"a":1}`, `set={"a":1}`, `f({"a":1})`, `kick["bob"]`}, nil},
	{"with an argument, in a flood", []string{`set {"a":1}{"b":2}`}, []string{`set {"a":1}`, `{"b":2}`}, nil},
	{"in brackets", []string{"[INFO] stock changed\n[2026-11-28 12:00] x\n", `{name} left`, quietly, `{reload}`, quietly, `[01]`, quietly, `{}`},
		[]string{`[INFO] stock changed`, `[2026-11-28 12:00] x`, `{name} left`, `{reload}`, `[01]`, `{}`}, nil},
	{"in brackets, in a flood", []string{`{"a":1}[INFO]{"b":2}[fatal] x`, quietly}, []string{`{"a":1}`, `[INFO]`, `{"b":2}`, `[fatal] x`}, nil},
	{"in brackets, too long", []string{`[INFO] ` + strings.Repeat("a", testLimit), quietly, `{}`}, []string{`{}`}, []string{"document too large 55"}},
	{"nothing but blanks", []string{" \n\x00 ", stalled}, nil, nil},

	// Invalid data.
	{"wrong bracket, then quiet", []string{`{"a":]`, quietly, `{"b":2}`}, []string{`{"b":2}`}, []string{"invalid JSON 6"}},
	{"wrong bracket, no pause", []string{`{"a":]{"b":2} {"c":3}`, quietly}, []string{`{"b":2}`, `{"c":3}`}, []string{"invalid JSON 6"}},
	{"wrong bracket, then a bare line", []string{"{\"a\":]\nreload\n"}, []string{`reload`}, []string{"invalid JSON 7"}},
	{"wrong bracket, then arrays", []string{`[1}["b"]["c"][{"d":1}]`, quietly, `[{"e":1}]`}, []string{`["b"]`, `["c"]`, `[{"e":1}]`},
		[]string{"invalid JSON 3", "invalid JSON 9"}},
	{"stray bracket", []string{`{"a":1}}{"b":2}`, quietly, `]`, quietly, `x`, quietly}, []string{`{"a":1}`, `{"b":2}`, `x`},
		[]string{"invalid JSON 1", "invalid JSON 1"}},
	{"leading zero", []string{`[1,01]`, quietly}, nil, []string{"invalid JSON 6"}},
	{"newline in a string", []string{"{\"a\":\"b\n{\"c\":1}", quietly}, []string{`{"c":1}`}, []string{"invalid JSON 8"}},
	{"bad escape", []string{`["\x"]`, quietly}, nil, []string{"invalid JSON 6"}},
	{"bad hex", []string{`["\u00g0"]`, quietly}, nil, []string{"invalid JSON 10"}},
	{"comma at the end", []string{`{"a":1,}`, quietly, `[1,]`, quietly}, nil, []string{"invalid JSON 8", "invalid JSON 4"}},

	// The rest of a broken document is not taken for documents.
	{"nested objects", []string{`{"a":1 "b":[{"c":1},{"d":2}],"e":{"f":1}}`, quietly}, nil, []string{"invalid JSON 41"}},
	{"nested object at a cut", []string{`{"a":1 "b":{"c":1}`, quietly}, nil, []string{"invalid JSON 18"}},
	{"rest pretty-printed", []string{"[\n  x,\n  {\"c\": 1},\n  \"k\": 2\n]\n", quietly}, nil, []string{"invalid JSON 30"}},
	{"unindented", []string{"[\n1 1,\n{\"c\":1},\n{\"d\":1}\n]", quietly}, nil, []string{"invalid JSON 24"}},
	{"string that ends in a brace", []string{`[1 x,"a}{","b","}["]`, quietly}, nil, []string{"invalid JSON 20"}},
	{"string of text like JSON", []string{`[1 x,"}{\"cmd\":\"kick\"}"]`, quietly}, nil, []string{"invalid JSON 27"}},

	// Nor is the rest of a document that others were written into taken for a command.
	{"interleaved", []string{`{"text":"xx`, `{"w":1}`, `reload`, `{"w":2}`, `[3]`, `xx"}`, stalled, `go`, quietly},
		[]string{`{"w":1}`, `{"w":2}`, `go`}, []string{"invalid JSON 11", "invalid JSON 6", "invalid JSON 7"}},
	{"found, then a line", []string{"[}{\"a\":1}\nreload\n{\"b\":1}\n,"}, []string{`{"a":1}`, `reload`, `{"b":1}`}, []string{"invalid JSON 2"}},
	{"found, then an indented line", []string{"[}{\"a\":1}\n reload\ngo\n"}, []string{`{"a":1}`, `go`}, []string{"invalid JSON 2", "invalid JSON 7"}},

	// Writers that died.
	{"died, stall", []string{`{"a":"b`, stalled, `{"c":1}`}, []string{`{"c":1}`}, []string{"document cut off 7"}},
	{"died in a string, next at once", []string{`{"a":"b{"c":1}{"d":2}`, quietly}, []string{`{"c":1}`, `{"d":2}`}, []string{"invalid JSON 7"}},
	{"died before a value, next at once", []string{`{"a":{"c":1}{"d":2}`, quietly}, []string{`{"d":2}`}, []string{"invalid JSON 12"}},
	{"died before a key, next at once", []string{`{"a":1,{"c":1}`, quietly}, []string{`{"c":1}`}, []string{"invalid JSON 7"}},
	{"died in an escape", []string{`{"a":"\`, `{"c":1}`, quietly}, []string{`{"c":1}`}, []string{"invalid JSON 7"}},
	{"died in a multibyte character", []string{"{\"a\":\"\xe6\x97", stalled, `{}`}, []string{`{}`}, []string{"document cut off 8"}},
	{"second one dies too", []string{`[}{"a":`, stalled, `{}`}, []string{`{}`}, []string{"invalid JSON 7"}},
	{"first found is confirmed by the next", []string{`[}{"a":1}`, `{"b":`, stalled}, []string{`{"a":1}`},
		[]string{"invalid JSON 2", "document cut off 5"}},

	// Past the limit of 48.
	{"at the limit", []string{`["` + strings.Repeat("a", testLimit-4) + `"]`}, []string{`["` + strings.Repeat("a", testLimit-4) + `"]`}, nil},
	{"one past it", []string{`["` + strings.Repeat("a", testLimit-3) + `"]{"b":1}`}, []string{`{"b":1}`}, []string{"document too large 49"}},
	{"past it, nested", []string{`[[` + strings.Repeat(`{"a":[{"b":1}]},`, 9) + `0]]{"b":1}`}, []string{`{"b":1}`}, []string{"document too large 149"}},
	{"past it, then invalid", []string{`["` + strings.Repeat("a", 50) + `"}{"b":1}{"c":1}`, quietly}, []string{`{"b":1}`, `{"c":1}`},
		[]string{"document too large 54"}},
	{"past it, then died", []string{`["` + strings.Repeat("a", 50), stalled, `{"b":1}`}, []string{`{"b":1}`}, []string{"document too large 52"}},
	{"line past it", []string{strings.Repeat("a", 49) + "\nb\n"}, []string{`b`}, []string{"document too large 49"}},
	{"line past it, quiet", []string{strings.Repeat("a", 99), quietly, "b\n"}, []string{`b`}, []string{"document too large 99"}},
	{"line past it, object", []string{strings.Repeat("a", 99) + `{"b":1}`}, []string{`{"b":1}`}, []string{"document too large 99"}},
	{"found in invalid data, past it", []string{`[}{"a":"` + strings.Repeat("a", 50) + `"}{"b":1}`, quietly}, []string{`{"b":1}`},
		[]string{"invalid JSON 60"}},
}

func TestSplitterDocuments(t *testing.T) {
	for _, row := range splitterRows {
		t.Run(row.name, func(t *testing.T) {
			got := play(testLimit, row.script, whole)
			if !slices.Equal(got.docs, row.docs) {
				t.Errorf("documents %q, want %q", got.docs, row.docs)
			}
			if !slices.Equal(got.skipped, row.skipped) {
				t.Errorf("skipped %q, want %q", got.skipped, row.skipped)
			}
		})
	}
}

func TestSplitterDoesNotDependOnPieces(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, row := range splitterRows {
		want := play(testLimit, row.script, whole)
		if got := play(testLimit, row.script, bytewise); !equal(got, want) {
			t.Errorf("%s: byte by byte %+v, whole %+v", row.name, got, want)
		}
		for range 50 {
			if got := play(testLimit, row.script, randomly(r, 7)); !equal(got, want) {
				t.Fatalf("%s: in pieces %+v, whole %+v", row.name, got, want)
			}
		}
	}
}

func TestSplitterReportsBeforeWhatFollows(t *testing.T) {
	got := play(testLimit, []string{`[}{"a":1}{"b":2}`, quietly, `}`, quietly}, whole)
	if want := []string{"skip", "doc", "doc", "skip"}; !slices.Equal(got.order, want) {
		t.Errorf("order %q, want %q", got.order, want)
	}
}

func TestSplitterReportsEndlessGarbage(t *testing.T) {
	got := play(testLimit, []string{"[}"}, func(p []byte, feed func([]byte)) {
		feed(p)
		chunk := bytes.Repeat([]byte{'x'}, 1<<20)
		for range reportEvery>>20 + 1 {
			feed(chunk)
		}
	})
	if want := []string{fmt.Sprintf("invalid JSON %d", reportEvery)}; !slices.Equal(got.skipped, want) {
		t.Errorf("skipped %q, want %q", got.skipped, want)
	}
}

func TestSplitterRefusesEndlessNesting(t *testing.T) {
	deep := strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth)
	got := play(defaultLimit, []string{deep, "[" + deep + "]", stalled, "{}"}, whole)
	if !slices.Equal(got.docs, []string{deep, "{}"}) {
		t.Errorf("%d documents, want the one at the depth allowed and the one after", len(got.docs))
	}
}

func TestSplitterLetsGoOfLargeBuffers(t *testing.T) {
	const limit = 1 << 20
	s := newSplitter(limit, func([]byte) {}, func(Skipped) {})
	for _, size := range []int{limit - 10, limit + 10} {
		s.feed([]byte(`["` + strings.Repeat("a", size) + `"]`))
		if cap(s.buf) > keepBuffer {
			t.Errorf("after a document of %d bytes %d are kept", size, cap(s.buf))
		}
	}
}

func equal(a, b outcome) bool {
	return slices.Equal(a.docs, b.docs) && slices.Equal(a.skipped, b.skipped) && slices.Equal(a.order, b.order)
}

func BenchmarkSplitter(b *testing.B) {
	small := bytes.Repeat([]byte(`{"to":[1,2,3],"text":"hello","number":-1.5e3}`), 1000)
	for _, row := range []struct {
		name string
		data []byte
	}{
		{"small documents", small},
		{"one large string", []byte(`["` + strings.Repeat("x", 1<<20) + `"]`)},
		{"one large structure", slices.Concat([]byte(`[`), bytes.ReplaceAll(small, []byte(`}{`), []byte(`},{`)), []byte(`]`))},
	} {
		b.Run(row.name, func(b *testing.B) {
			s := newSplitter(defaultLimit, func([]byte) {}, func(sk Skipped) { b.Error(sk) })
			b.SetBytes(int64(len(row.data)))
			b.ReportAllocs()
			for b.Loop() {
				s.feed(row.data)
			}
		})
	}
}
