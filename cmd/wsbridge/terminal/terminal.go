// Package terminal writes for people: tables, and texts in which nothing acts on their terminal.
package terminal

import (
	"io"
	"os"
)

// Is reports whether a person may be reading. Other character devices pass for a terminal, which costs nothing: what
// is written to /dev/null is read by nobody.
func Is(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
