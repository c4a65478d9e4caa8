package journal

import (
	"errors"
	"fmt"
)

var (
	// ErrFull is returned for a document when those that wait have reached Options.MaxBytes, and when the disk is full.
	ErrFull = errors.New("journal is full")

	// ErrBroken is returned after an error of the disk. The error that is returned names the cause, too.
	ErrBroken = errors.New("journal is broken")

	// ErrClosed is returned after Close.
	ErrClosed = errors.New("journal is closed")

	// ErrUnknown is returned for a document that is not in the journal, and for a client that is owed no close event.
	ErrUnknown = errors.New("not in the journal")
)

// InUse is the error of Open for a folder that another process holds.
type InUse struct {
	Path string
	PID  int // 0 if it is not known
}

func (e *InUse) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("journal %s is in use by another process", e.Path)
	}
	return fmt.Sprintf("journal %s is in use by process %d", e.Path, e.PID)
}

// Damaged is the error of Open for a journal that cannot be read to its end. Nothing in it has been changed.
type Damaged struct {
	Path string // of the file, or of the folder if the file is not known
	What string
}

func (e *Damaged) Error() string { return fmt.Sprintf("journal is damaged: %s: %s", e.Path, e.What) }

// WrongFormat is the error of Open for a journal that another version of wsbridge has written and this one cannot read.
type WrongFormat struct {
	Path       string
	Has, Knows int
}

func (e *WrongFormat) Error() string {
	return fmt.Sprintf("journal %s has format %d, which a newer wsbridge has written; this one knows format %d", e.Path, e.Has, e.Knows)
}
