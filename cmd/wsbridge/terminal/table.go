package terminal

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Columns joins the cells of each row into a line in which they begin below one another. The last cell of a row takes the
// room it needs. Control characters, which a path or a message may bring, become spaces. Wide characters, East Asian ones and
// emoji, count twice, as terminals show them.
func Columns(rows [][]string) []string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row[:len(row)-1] {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], uniseg.StringWidth(Printable(cell)))
		}
	}
	lines := make([]string, 0, len(rows))
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			cell = Printable(cell)
			line.WriteString(cell)
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", widths[i]-uniseg.StringWidth(cell)+2))
			}
		}
		lines = append(lines, strings.TrimRight(line.String(), " "))
	}
	return lines
}

// Printable replaces by a space what acts on a terminal instead of being shown: control characters, and those that turn the
// direction of what follows.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if acts(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s)
}

// PrintableLines is Printable for a text of several lines.
func PrintableLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = Printable(line)
	}
	return strings.Join(lines, "\n")
}

// PrintableJSON writes by its escape what acts on a terminal. JSON itself has no use for these characters but for line breaks and
// tabs, which are left, and escapes only those below the space when it is written.
func PrintableJSON(document string) string {
	var b strings.Builder
	for _, r := range document {
		if acts(r) && r != '\n' && r != '\t' {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// acts reports whether a terminal may do something else with r than show it.
func acts(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }
