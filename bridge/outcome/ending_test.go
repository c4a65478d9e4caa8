package outcome

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// rows returns the first cells of each row of docs/endings.md below a heading.
func rows(t *testing.T, heading string, cells int) []string {
	t.Helper()
	doc, err := os.ReadFile("../../docs/endings.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(doc), "\n## "+heading+"\n")
	if !found {
		t.Fatalf("no section %s", heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var all []string
	for line := range strings.Lines(section) {
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		row := strings.Split(strings.Trim(line, "|\n"), "|")
		if len(row) <= cells || strings.TrimSpace(row[len(row)-1]) == "" {
			t.Errorf("the last cell of %s is empty", line)
		}
		for i := range row {
			row[i] = strings.TrimSpace(row[i])
		}
		all = append(all, strings.Join(row[:cells], "|"))
	}
	return all
}

func yesNo(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

func TestEndingsAreDocumented(t *testing.T) {
	var want []string
	for _, e := range Endings() {
		code, reason := e.Close()
		shown := fmt.Sprint(code)
		if code == 0 {
			shown = "none"
		}
		want = append(want, fmt.Sprintf("`%s`|%s|%s|%s", e, shown, reason, yesNo(e.Retry())))
	}
	if got := rows(t, "Connections", 4); !slices.Equal(got, want) {
		t.Errorf("docs/endings.md has\n%s\nand the code\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestRefusalsAreDocumented(t *testing.T) {
	var want []string
	for _, r := range Refusals() {
		want = append(want, fmt.Sprintf("`%s`|%d|%s|%s", r, r.Status(), r.Text(), yesNo(r.Retry())))
	}
	if got := rows(t, "Handshakes that are refused", 4); !slices.Equal(got, want) {
		t.Errorf("docs/endings.md has\n%s\nand the code\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestOutcomesAreDocumented(t *testing.T) {
	var want []string
	for _, o := range Outcomes() {
		want = append(want, fmt.Sprintf("`%s`|%s|`%s`", o.Name, yesNo(o.Ran), o.Ending))
	}
	if got := rows(t, "Events", 3); !slices.Equal(got, want) {
		t.Errorf("docs/endings.md has\n%s\nand the code\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestEndingsHaveNamesAndSendableCodes(t *testing.T) {
	names := map[string]bool{}
	for _, e := range Endings() {
		code, reason := e.Close()
		if names[e.String()] || e.String() == "" || code != 0 && !ValidCloseCode(code) || len(reason) > MaxReason {
			t.Errorf("%d: %q, %d %q", e, e, code, reason)
		}
		names[e.String()] = true
	}
	if beyond := EndedMoved + 1; beyond.String() != "unknown" || beyond.Retry() {
		t.Error("there is an ending that Endings does not return")
	}
}
