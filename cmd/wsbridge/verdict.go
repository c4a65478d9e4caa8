package main

import (
	"fmt"
	"strings"
)

// The verdicts of a report.
const (
	verdictClean    = "clean"
	verdictWarnings = "warnings"
	verdictErrors   = "errors"
)

// verdictError ends a command whose report has said everything, so that nothing more is printed.
type verdictError struct{ verdict string }

func (e *verdictError) Error() string { return "the report found " + e.verdict }

// code is the exit code: a script that moves an application goes on after 0 only, a person perhaps after 1.
func (e *verdictError) code() int {
	const codeWarnings, codeErrors = 1, 2
	if e.verdict == verdictWarnings {
		return codeWarnings
	}
	return codeErrors
}

// sumUp makes a verdict and a sentence of the numbers of findings.
func sumUp(errors, warnings, notes int) (verdict, summary string) {
	var parts []string
	for _, part := range [...]struct {
		n    int
		noun string
	}{{errors, "error"}, {warnings, "warning"}, {notes, "note"}} {
		if part.n > 0 {
			parts = append(parts, plural(part.n, part.noun))
		}
	}
	found := strings.Join(parts, ", ")
	switch {
	case errors > 0:
		return verdictErrors, found + ": it would not work"
	case warnings > 0:
		return verdictWarnings, found + ": it would run, read them first"
	case notes > 0:
		return verdictClean, found + ": it would run"
	}
	return verdictClean, "nothing found: it would run"
}

// plural counts things: "1 error", "2 errors".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
