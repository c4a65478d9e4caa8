package browsers

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestOptions compares the options of the client with its types and its page.
func TestOptions(t *testing.T) {
	const client = "../../deploy/client/wsbridge"
	name := regexp.MustCompile(`(?m)^    (\w+)[:,?]`)
	want := found(t, client+".js", "const defaults = {", "\n};", name)
	if len(want) < 10 {
		t.Fatalf("the client has options %q", want)
	}
	if got := found(t, client+".d.ts", "interface Options {", "\n}", name); !slices.Equal(got, want) {
		t.Errorf("the types have options %q, the client %q", got, want)
	}
	row := regexp.MustCompile(`(?m)(?:^\| |, )` + "`(\\w+)`")
	if got := found(t, "../../docs/browser.md", "| option | default | |\n", "\n\n", row); !slices.Equal(got, want) {
		t.Errorf("the page has options %q, the client %q", got, want)
	}
}

// found returns the sorted names in a part of a file.
func found(t *testing.T, path, begin, end string, name *regexp.Regexp) (names []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, part, _ := strings.Cut(string(text), begin)
	part, _, _ = strings.Cut(part, end)
	for _, m := range name.FindAllStringSubmatch(part, -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return names
}
