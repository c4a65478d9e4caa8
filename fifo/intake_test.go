package fifo

import (
	"slices"
	"strings"
	"testing"
)

// read is what a reader of the pipe got at once, and how many writers had come; none and no writer stands for silence.
type read struct {
	data    string
	writers int
}

// takeIn gives reads to an intake and returns what came of them.
func takeIn(reads []read) (in *intake, docs []string, skipped int64) {
	emit := func(doc []byte) { docs = append(docs, string(doc)) }
	in = &intake{splitter: newSplitter(testLimit, emit, func(s Skipped) { skipped += s.Bytes }), limit: testLimit, emit: emit}
	for _, r := range reads {
		if r == (read{}) {
			in.silence()
		} else {
			in.take([]byte(r.data), r.writers)
		}
	}
	return in, docs, skipped
}

func TestIntakeKeepsTheTextOfAWriterWhole(t *testing.T) {
	silence, big := read{}, strings.Repeat("x", testLimit)
	for name, row := range map[string]struct {
		reads []read
		docs  []string
	}{
		"a line is complete":               {[]read{{"reload\n", 1}}, []string{"reload"}},
		"a text waits":                     {[]read{{"reload", 1}}, nil},
		"until quiet":                      {[]read{{"reload", 1}, silence}, []string{"reload"}},
		"two lines":                        {[]read{{"one\ntwo", 1}, silence}, []string{"one\ntwo"}},
		"two lines and a line break":       {[]read{{"one\ntwo\n", 1}, silence}, []string{"one\ntwo"}},
		"in pieces":                        {[]read{{"one\n\n", 1}, {"two", 0}, {"\nthree", 0}, silence}, []string{"one\n\ntwo\nthree"}},
		"the next writer ends it":          {[]read{{"reload", 1}, {"restart", 1}, silence}, []string{"reload", "restart"}},
		"so does one with a document":      {[]read{{"one\ntwo", 1}, {`{"a":1}`, 1}}, []string{"one\ntwo", `{"a":1}`}},
		"and several":                      {[]read{{"one\ntwo", 1}, {"three\nfour\n", 2}}, []string{"one\ntwo", "three", "four"}},
		"lines of several writers":         {[]read{{"reload\nrestart\n", 2}}, []string{"reload", "restart"}},
		"then a text":                      {[]read{{"reload\nrest", 2}, {"stop", 1}, silence}, []string{"reload", "rest", "stop"}},
		"two, it turns out":                {[]read{{"reload\nrestart\n", 1}, {"", 1}, silence}, []string{"reload", "restart"}},
		"lines of one that stays":          {[]read{{"reload\nrestart\n", 0}}, []string{"reload", "restart"}},
		"lines of who knows":               {[]read{{"reload\nrestart\n", unknown}, {"sto", unknown}, {"p", unknown}, silence}, []string{"reload", "restart", "stop"}},
		"in brackets":                      {[]read{{"[INFO] stock\nchanged", 1}, silence}, []string{"[INFO] stock\nchanged"}},
		"with a number in brackets":        {[]read{{"[1] first", 1}, silence, {"[2026-11-28 12:00] x", 1}, silence}, []string{"[1] first", "[2026-11-28 12:00] x"}},
		"with JSON in it":                  {[]read{{`reload{"a":1}`, 1}, silence}, []string{`reload{"a":1}`}},
		"a document does not wait":         {[]read{{`{"a":1}{"b":2}[3]`, 1}}, []string{`{"a":1}`, `{"b":2}`, `[3]`}},
		"nor does the one before a text":   {[]read{{`{"a":1}reload`, 1}, silence}, []string{`{"a":1}`, "reload"}},
		"documents and a line":             {[]read{{"[1]\n[2]\nstatus\n", 1}}, []string{"[1]", "[2]", "status"}},
		"broken JSON is no text":           {[]read{{`{"a":]`, 1}, silence, {"x\n", 1}}, []string{"x"}},
		"nor is the rest of a document":    {[]read{{`{"a":`, 1}, {`"b"}`, 1}}, []string{`{"a":"b"}`}},
		"blanks are nothing":               {[]read{{" \n", 1}, {"\x00", 1}, silence}, nil},
		"at the limit":                     {[]read{{big[1:], 1}, {"y", 0}, silence}, []string{big[1:] + "y"}},
		"past it, the next line arrives":   {[]read{{big, 1}, {"y\nz\n", 0}}, []string{"z"}},
		"past it at once":                  {[]read{{big + "x", 1}, silence, {"y\n", 1}}, []string{"y"}},
		"a full pipe does not end a write": {[]read{{strings.Repeat("a\n", readSize/2-1) + "bc", 2}, {"d", 1}, silence}, append(slices.Repeat([]string{"a"}, readSize/2-1), "bcd")},
	} {
		if _, docs, _ := takeIn(row.reads); !slices.Equal(docs, row.docs) {
			t.Errorf("%s: documents %.200q, want %.200q", name, docs, row.docs)
		}
	}
}

// FuzzIntake looks that each byte is delivered or reported, and that no more is held than the limit says. A byte below 8 begins a read
// by as many writers, 8 stands for silence.
func FuzzIntake(f *testing.F) {
	f.Add([]byte("\x01one\ntwo\x08\x01[INFO] x\x02a\nb\x00c\x08\x01{\"a\":1}\x01{\"b\":]\x08"))
	f.Fuzz(func(t *testing.T, script []byte) {
		reads, want := []read{}, 0
		for _, b := range script {
			switch last := len(reads) - 1; {
			case b == 8:
				reads = append(reads, read{})
			case b < 8:
				reads = append(reads, read{writers: int(b) + unknown})
			case last >= 0 && reads[last] != (read{}):
				reads[last].data += string([]byte{b})
			}
		}
		reads = append(reads, read{}, read{})
		for _, r := range reads {
			want += solid([]byte(r.data))
		}
		in, docs, skipped := takeIn(reads)
		got := 0
		for _, d := range docs {
			got += solid([]byte(d))
			if d == "" || len(d) > testLimit || strings.Trim(d, blanks) != d {
				t.Errorf("document %q is empty, too long or not trimmed", d)
			}
		}
		if got > want || got+int(skipped) < want {
			t.Errorf("%d bytes were delivered and %d skipped of %d: %+v", got, skipped, want, reads)
		}
		if len(in.text) != 0 || in.splitter.state != idle {
			t.Errorf("%q is left after silence", in.text)
		}
	})
}

// solid counts the bytes that are not blanks.
func solid(p []byte) (n int) {
	for _, b := range p {
		if !blank(b) {
			n++
		}
	}
	return n
}
