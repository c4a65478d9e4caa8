package fifo

// Fault says what was wrong at a pipe's path.
type Fault string

// The faults.
const (
	// Removed: there was nothing.
	Removed Fault = "removed"
	// Replaced: another pipe was there, which no server held.
	Replaced Fault = "replaced"
	// PlainFile: a regular file was there, as PHP's "w+" makes one where there is no pipe.
	PlainFile Fault = "plain file"
	// WrongMode: the pipe's permissions had been changed.
	WrongMode Fault = "mode"
)

// Faults returns them all.
func Faults() []Fault { return []Fault{Removed, Replaced, PlainFile, WrongMode} }

// Mended is a fault that was put right.
type Mended struct {
	Fault Fault
	Aside string // where a plain file is now; empty: there was none
}
