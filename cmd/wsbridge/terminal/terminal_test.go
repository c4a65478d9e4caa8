package terminal

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestColumnsBeginBelowOneAnother(t *testing.T) {
	got := Columns([][]string{{"KEY", "NAME", ""}, {"1", "grüße", "x"}, {"1000", "\x1b[31m\nred\u202e", "a longer last one"}, {"short"}})
	want := []string{"KEY   NAME", "1     grüße       x", "1000   [31m red   a longer last one", "short"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestWideCharactersTakeTwoColumns(t *testing.T) {
	got := Columns([][]string{{"名前", "x"}, {"e\u0301a", "x"}, {"🚢", "x"}, {"four", "x"}})
	want := []string{"名前  x", "e\u0301a    x", "🚢    x", "four  x"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestLinesOfATextStay(t *testing.T) {
	if got := PrintableLines("two:\n\x1b[2Jlines\r\n"); got != "two:\n [2Jlines \n" {
		t.Errorf("got %q", got)
	}
}

func TestJSONKeepsItsValueAndActsOnNoTerminal(t *testing.T) {
	hostile := "\x1b[2J\x7f\u009b31m\u202egrüße\n\t\u2066"
	document, err := json.MarshalIndent([]string{hostile}, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	printable := printableJSON(string(document))
	if strings.ContainsAny(printable, "\x1b\x7f\u009b\u202e\u2066") || !strings.Contains(printable, "grüße") {
		t.Errorf("got %q", printable)
	}
	var back []string
	if err := json.Unmarshal([]byte(printable), &back); err != nil || !slices.Equal(back, []string{hostile}) {
		t.Errorf("got %q, %v", back, err)
	}
}

func TestTextThatIsNotUTF8IsShown(t *testing.T) {
	if got := Printable("a\xffb\x7f\u0085"); got != "a b  " {
		t.Errorf("got %q", got)
	}
}

func TestOnlyTerminalsAreTerminals(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if Is(w) || Is(null) || Is(&bytes.Buffer{}) {
		t.Error("a pipe, a device or a buffer passes for a terminal")
	}
}
