package terminal

import (
	"bytes"
	"os"
	"slices"
	"testing"
)

func TestColumnsBeginBelowOneAnother(t *testing.T) {
	got := Columns([][]string{{"KEY", "NAME", ""}, {"1", "grüße", "x"}, {"1000", "\x1b[31m\nred\u202e", "a longer last one"}, {"short"}})
	want := []string{"KEY   NAME", "1     grüße       x", "1000   [31m red   a longer last one", "short"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestTextThatIsNotUTF8IsShown(t *testing.T) {
	if got := Printable("a\xffb\x7f\u0085"); got != "a b  " {
		t.Errorf("got %q", got)
	}
}

func TestOnlyDevicesOfCharactersAreTerminals(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if Is(w) || Is(&bytes.Buffer{}) || IsJournal(w) || IsJournal(&bytes.Buffer{}) {
		t.Error("a pipe or a buffer passes for a terminal or the journal")
	}
}
