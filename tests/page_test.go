package tests

import (
	"os"
	"strings"
	"testing"
)

// page is a page of the documentation: its shell commands by heading, in order.
type page map[string][]string

func readPage(t *testing.T, path string) page {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p, heading := page{}, ""
	var block *strings.Builder // nil outside of one
	for line := range strings.Lines(string(text)) {
		fence := strings.TrimRight(line, "\n")
		switch {
		case block != nil && fence == "```":
			p[heading] = append(p[heading], block.String())
			block = nil
		case block != nil:
			block.WriteString(line)
		case fence == "```sh":
			block = &strings.Builder{}
		case strings.HasPrefix(line, "#"):
			heading = strings.TrimSpace(strings.TrimLeft(line, "#"))
		}
	}
	return p
}

func TestCommandsOfAPageAreFound(t *testing.T) {
	p := readPage(t, "testdata/page.md")
	for heading, want := range map[string]string{
		"Two":   "echo 1\n|cat <<'X'\n# no heading\nX\n",
		"Other": "",
		"Last":  "true\n",
	} {
		if got := strings.Join(p[heading], "|"); got != want {
			t.Errorf("%s: got %q, want %q", heading, got, want)
		}
	}
}
