// Package terminal writes for people: tables, and texts in which nothing acts on their terminal. Every command may use it. It keeps no
// state, and nothing in it blocks.
package terminal

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Is reports whether out is a terminal.
func Is(out io.Writer) bool {
	f, ok := out.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Size returns how many columns and lines a terminal has; zeros if out is no terminal or does not tell.
func Size(out io.Writer) (columns, lines int) {
	f, ok := out.(*os.File)
	if !ok {
		return 0, 0
	}
	columns, lines, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0, 0
	}
	return columns, lines
}
