package terminal

import (
	"fmt"
	"strings"

	"github.com/rivo/uniseg"
)

// Fit cuts a page so that a terminal of that size neither wraps nor scrolls it, and says how many lines are left out. A zero is no
// bound.
func Fit(page string, columns, lines int) string {
	all := strings.Split(strings.TrimSuffix(page, "\n"), "\n")
	if room := lines - 1; lines > 0 && len(all) > room { // the cursor is below the last one
		kept := max(room-1, 0)
		all = append(all[:kept:kept], fmt.Sprintf("… %d more lines: make the window higher", len(all)-kept))
	}
	var b strings.Builder
	for _, line := range all {
		b.WriteString(fitLine(line, columns))
		b.WriteByte('\n')
	}
	return b.String()
}

func fitLine(line string, columns int) string {
	if columns == 0 || uniseg.StringWidth(line) <= columns {
		return line
	}
	var b strings.Builder
	width, characters := 1, uniseg.NewGraphemes(line) // one for what stands for the rest
	for characters.Next() {
		if width += characters.Width(); width > columns {
			break
		}
		b.WriteString(characters.Str())
	}
	return b.String() + "…"
}
