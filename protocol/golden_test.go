package protocol

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden requests")

// goldenRequests are the requests of testdata/request-*.txt. The tests of php-handlers send those files to PHP, and
// compare what comes back with answer-*.txt.
func goldenRequests() map[string][]*Event {
	const row = `{"state":"OPEN","float":1.0,"binary":{"\u0000php":"czoxOiL/Ijs="},"map":{"7":"a","3":[]}}`
	open := "1-12,15"
	client := func(seq uint64, kind Kind, payload string) *Event {
		return &Event{Kind: kind, Seq: seq, Client: 12, Payload: []byte(payload), Rows: rowsOf(12, row), Open: &open}
	}
	table := rowsOf(12, `{"state":"OPEN","login":"anna","draft":1}`)
	for _, key := range []int64{15, 16} {
		table.Add(1, rowsOf(key, `{"state":"OPEN"}`).Parts[0], Traits{})
	}
	whole := func(kind Kind, payload string) *Event {
		return &Event{Kind: kind, Seq: 7, Client: 12, Payload: []byte(payload), Rows: table, Whole: true}
	}
	globals := &Event{Kind: Loop, Seq: 7, Globals: []string{"counter", "cache", "gone"}, Values: valuesOf(`{"counter":41,"gone":1,"title":"kept"}`)}
	return map[string][]*Event{
		"effects":      {whole(Text, "effects")},
		"rows":         {whole(Text, "rows")},
		"values":       {client(7, Text, "values")},
		"authenticate": {client(7, Authenticate, "")},
		"read":         {client(7, Read, "\x81\x80\x00\x00\x00\x00"), client(8, Read, "stop")},
		"batch":        {client(7, Text, "one\ntwo"), client(8, Text, ""), client(9, Text, "{\"v\":1}\n")},
		"close":        {whole(Closing, "")},
		"exit":         {client(7, Text, "one"), client(8, Text, "leave"), client(9, Text, "three")},
		"exception":    {client(7, Text, "throw")},
		"server":       {{Kind: Started, Seq: 7, Whole: true}, {Kind: Shutdown, Seq: 8, Open: new(string)}},
		"globals":      {globals},
		"first":        {{Kind: Fifo, Seq: 7, Globals: []string{"hub", "log"}, First: []string{"title"}, Linked: true}},
		"wrote":        {client(7, Text, "wrote")},
		"changed":      {{Kind: Loop, Seq: 7, Code: "other"}, {Kind: Loop, Seq: 8}},
	}
}

func TestGoldenRequests(t *testing.T) {
	for name, events := range goldenRequests() {
		var body []byte
		for _, e := range events {
			body = e.AppendTo(body)
		}
		want, err := os.ReadFile(filepath.Join("testdata", "request-"+name+".txt"))
		if *update {
			if err := os.WriteFile(filepath.Join("testdata", "request-"+name+".txt"), body, 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err != nil || !bytes.Equal(body, want) {
			t.Errorf("%s: got\n%s\nwant\n%s\n%v", name, body, want, err)
		}
	}
}

// TestGoldenAnswers decodes what PHP has written: it must be, byte for byte, what Go would write of it.
func TestGoldenAnswers(t *testing.T) {
	for name, events := range goldenRequests() {
		t.Run(name, func(t *testing.T) {
			answer, err := os.ReadFile(filepath.Join("testdata", "answer-"+name+".txt"))
			if err != nil {
				t.Fatal(err)
			}
			var written strings.Builder
			ended := 0
			d := NewAnswerDecoder(token, 1<<20)
			err = d.Feed(answer, func(e *Effect) error {
				if e.Seq != events[ended].Seq {
					t.Errorf("effect of event %d within event %d", e.Seq, events[ended].Seq)
				}
				if e.Last() {
					ended++
				}
				written.WriteString(encodeEffect(t, e))
				return nil
			})
			if err != nil || ended != len(events) {
				t.Fatalf("%d of %d events ended: %v", ended, len(events), err)
			}
			if written.String() != string(answer) {
				t.Errorf("go writes\n%s\nphp wrote\n%s", written.String(), answer)
			}
		})
	}
}

func encodeEffect(t *testing.T, e *Effect) string {
	t.Helper()
	line, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	text := token + " " + string(line) + "\n"
	if s := e.payload(); s != nil {
		text += string(s.Payload) + "\n"
	}
	return text
}
