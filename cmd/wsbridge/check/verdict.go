package check

import (
	"strings"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/terminal"
)

// Verdict sums a report up in a word.
type Verdict string

// The verdicts.
const (
	Clean    Verdict = "clean"
	Warnings Verdict = "warnings"
	Errors   Verdict = "errors"
)

// sumUp makes a verdict and a sentence of the numbers of findings.
func sumUp(errors, warnings, notes int) (verdict Verdict, summary string) {
	var parts []string
	for _, part := range [...]struct {
		n    int
		noun string
	}{{errors, "error"}, {warnings, "warning"}, {notes, "note"}} {
		if part.n > 0 {
			parts = append(parts, terminal.Plural(part.n, part.noun))
		}
	}
	found := strings.Join(parts, ", ")
	switch {
	case errors > 0:
		return Errors, found + ": it would not work"
	case warnings > 0:
		return Warnings, found + ": it would run, read them first"
	case notes > 0:
		return Clean, found + ": it would run"
	}
	return Clean, "nothing found: it would run"
}
