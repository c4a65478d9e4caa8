package terminal

import (
	"strings"

	"github.com/rivo/uniseg"
)

// Columns joins the cells of each row into a line, in which they are aligned with those of the other rows. The last cell of a row may be
// of any length. Control characters, which a path or a message may contain, become spaces. Wide characters, East Asian ones and
// emoji, count as two, as terminals show them.
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
