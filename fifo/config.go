package fifo

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"time"
)

const (
	defaultMode  fs.FileMode = 0o660
	defaultLimit             = 16 << 20
	defaultQuiet             = 50 * time.Millisecond // far longer than a writer takes between two writes, and short for a person
	defaultStall             = time.Second           // enough for a writer that is being swapped or debugged
	defaultGrace             = 2 * time.Second
)

// Config describes a pipe. Only Path is required; a zero value elsewhere means the default.
type Config struct {
	Path string
	// Mode is the pipe's permissions, regardless of the umask. Only permission bits are allowed. Default: 0660.
	Mode fs.FileMode
	// Limit is the length in bytes of the longest document delivered. Default: 16 MiB.
	Limit int
	// Quiet is how long a bare command without newline waits for a further byte before it is complete. Default: 50 ms.
	Quiet time.Duration
	// Stall is how long a writer may pause within a JSON document. Default: 1 s.
	Stall time.Duration
	// Grace bounds how long Run goes on reading after its context has ended. Default: 2 s.
	Grace time.Duration
	// SetAside has a plain file at Path renamed to Path with ".aside-" and the time, where otherwise it is left in place and is an error.
	SetAside bool
	// Report is told of skipped data, by Create, Run and Close. It must not block, and may be nil.
	Report func(Skipped)
	// Mended is told by Run what was wrong at Path and was put right, and by Create of a plain file that it has set aside. It must not
	// block, and may be nil.
	Mended func(Mended)
	// Lost is told by Run why writers cannot reach the pipe at Path, when that cannot be put right, and nil when that is over. It must not
	// block, and may be nil.
	Lost func(error)
}

// complete returns c with its defaults, or an error.
func (c Config) complete() (Config, error) {
	c.Mode = cmp.Or(c.Mode, defaultMode)
	c.Limit = cmp.Or(c.Limit, defaultLimit)
	c.Quiet = cmp.Or(c.Quiet, defaultQuiet)
	c.Stall = cmp.Or(c.Stall, defaultStall)
	c.Grace = cmp.Or(c.Grace, defaultGrace)
	if c.Report == nil {
		c.Report = func(Skipped) {}
	}
	if c.Mended == nil {
		c.Mended = func(Mended) {}
	}
	if c.Lost == nil {
		c.Lost = func(error) {}
	}
	switch {
	case c.Path == "":
		return c, errors.New("path is empty")
	case c.Mode != c.Mode.Perm():
		return c, fmt.Errorf("mode %v has more than permission bits", c.Mode)
	case c.Limit < 0, c.Quiet < 0, c.Stall < 0, c.Grace < 0:
		return c, errors.New("limit, quiet, stall and grace must not be negative")
	}
	return c, nil
}
