package process

import (
	"os"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

const golden = "testdata/transcript.txt"

const heading = "What one process answers; go test ./tests/process -record writes it anew."

// The transcript is of the server in one process, and of the script as it is.
func TestTranscriptIsThatOfOneProcess(t *testing.T) {
	if !*record { // the tests that read it come after
		t.Parallel()
	}
	p := prepare(t, harness.App{})
	p.RunInOneProcess(0)
	entries := p.play(script())
	text := strings.Join(append([]string{heading}, entries...), "\n\n") + "\n"
	if *record {
		if err := os.WriteFile(golden, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range transcript(t) {
		if i >= len(entries) || entries[i] != want {
			t.Fatalf("one process answers\n%s\nand the transcript has\n%s", text, want)
		}
	}
}

// transcript returns the recorded entries.
func transcript(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	entries := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n\n")[1:]
	if len(entries) != len(script()) {
		t.Fatalf("the transcript has %d entries for %d steps", len(entries), len(script()))
	}
	return entries
}

// residents says that php.resident is there and "auto" its default. With it, wsbridge answers each step as one process does.
const residents = true

// mode is a configuration.
type mode struct {
	name, toml string
	perRequest bool // PHP keeps nothing between events
}

func modes() []mode {
	serial, off := "[isolation]\nmode = \"serial\"\n", ""
	if residents {
		off = "[php]\nresident = \"off\"\n"
	}
	all := []mode{{"a request per event", off, true}, {"a request per event, serial", serial + off, true}}
	if residents {
		all = append(all, mode{"default", "", false}, mode{"serial", serial, false})
	}
	return all
}

func TestTranscript(t *testing.T) {
	for _, m := range modes() {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			a := harness.App{TOML: m.toml}
			p := prepare(t, a)
			p.Run(a)
			if !m.perRequest {
				// To describe code runs file scope in a process of its own. That of new code happens twice.
				p.Log.Wait("application described", `"certain":true`)
			}
			compare(t, m, p.play(script()), transcript(t))
		})
	}
}

// compare prints how many entries are equal, and fails for a step that differs and should not, or the other way round.
func compare(t *testing.T, m mode, got, want []string) {
	t.Helper()
	equal := 0
	for i, s := range script() {
		if got[i] == want[i] {
			equal++
		}
		switch differs := m.perRequest && s.lost != ""; {
		case got[i] == want[i] && differs:
			t.Errorf("%q is answered as by one process, though a request does not keep %s", s.name, s.lost)
		case got[i] != want[i] && !differs:
			t.Errorf("got\n%s\nwant\n%s", got[i], want[i])
		}
	}
	t.Logf("%d of %d steps are answered as by one process", equal, len(want))
}
