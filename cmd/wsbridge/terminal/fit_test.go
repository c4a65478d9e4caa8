package terminal

import (
	"bytes"
	"os"
	"testing"
)

func TestPageFitsTheWindow(t *testing.T) {
	const page = "KEY  NAME\n1    anna\n2    名前\n3    bert\n"
	for _, tt := range []struct {
		columns, lines int
		want           string
	}{
		{0, 0, page},
		{9, 5, page},
		{80, 24, page},
		{8, 0, "KEY  NA…\n1    an…\n2    名…\n3    be…\n"},
		{0, 4, "KEY  NAME\n1    anna\n… 2 more lines: make the window higher\n"},
		{7, 3, "KEY  N…\n… 3 mo…\n"},
		{1, 1, "…\n"},
	} {
		if got := Fit(page, tt.columns, tt.lines); got != tt.want {
			t.Errorf("%d columns, %d lines: got %q", tt.columns, tt.lines, got)
		}
	}
}

func TestOnlyTerminalsHaveASize(t *testing.T) {
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if columns, lines := Size(f); columns != 0 || lines != 0 {
		t.Errorf("got %d, %d", columns, lines)
	}
	if columns, lines := Size(&bytes.Buffer{}); columns != 0 || lines != 0 {
		t.Errorf("got %d, %d", columns, lines)
	}
}
