// Package terminal writes for people: tables, and texts in which nothing acts on their terminal.
package terminal

import (
	"fmt"
	"io"
	"os"
	"syscall"
)

// Is reports whether a person may be reading. Other character devices pass for a terminal, which costs nothing: what
// collects lines is a pipe, a socket or a file.
func Is(out io.Writer) bool {
	info := stat(out)
	return info != nil && info.Mode()&os.ModeCharDevice != 0
}

// IsJournal reports whether out is the stream to systemd's journal that JOURNAL_STREAM tells of, by device and inode: a program
// whose output was sent elsewhere still has the variable (systemd.exec(5)).
func IsJournal(out io.Writer) bool {
	info := stat(out)
	if info == nil {
		return false
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && os.Getenv("JOURNAL_STREAM") == fmt.Sprintf("%d:%d", s.Dev, s.Ino)
}

// stat returns nil for what is no open file.
func stat(out io.Writer) os.FileInfo {
	f, ok := out.(*os.File)
	if !ok {
		return nil
	}
	info, err := f.Stat()
	if err != nil {
		return nil
	}
	return info
}
