package pages

import (
	"os"
	"strings"
	"testing"
)

// page is a page of the documentation: its shell commands by heading, in order.
type page map[string][]string

func readPage(t *testing.T, path string) page {
	t.Helper()
	p := page{}
	for _, b := range commandsOf(t, path) {
		p[b.heading] = append(p[b.heading], b.text)
	}
	return p
}

// commands are a block of shell commands.
type commands struct{ heading, text string }

// commandsOf returns the blocks of a page, in order.
func commandsOf(t *testing.T, path string) (blocks []commands) {
	t.Helper()
	heading, inside := "", false
	for line := range strings.Lines(readFile(t, path)) {
		fence := strings.TrimRight(line, "\n")
		switch {
		case inside && fence == "```":
			inside = false
		case inside:
			blocks[len(blocks)-1].text += line
		case fence == "```sh":
			blocks, inside = append(blocks, commands{heading: heading}), true
		case strings.HasPrefix(line, "#"):
			heading = strings.TrimSpace(strings.TrimLeft(line, "#"))
		}
	}
	return blocks
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
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
