package fifo

import (
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// The defaults of Config.
const (
	DefaultMode  fs.FileMode = 0o660
	DefaultLimit             = 16 << 20
	// DefaultQuiet is far above the time between two writes of one writer, and short for a person.
	DefaultQuiet = 50 * time.Millisecond
	// DefaultStall gives a writer that is being swapped or debugged time to write on.
	DefaultStall = time.Second
	DefaultGrace = 2 * time.Second
)

// Config describes a pipe. Only Path is required; a zero value elsewhere means the default.
type Config struct {
	Path string
	// Mode is the pipe's permissions, exactly, whatever the umask. Only permission bits are allowed.
	Mode fs.FileMode
	// Limit is the length in bytes of the longest document handed over.
	Limit int
	// Quiet is how long nothing must come for a bare command without newline to be complete.
	Quiet time.Duration
	// Stall is how long a writer may pause within a JSON document.
	Stall time.Duration
	// Grace bounds the reading of what is still in the pipe when Run ends. See [Pipe.Run].
	Grace time.Duration
	// Report is told of skipped data. It is called from Create, Run and Close, must not block, and may be nil.
	Report func(Skipped)
}

// complete fills in the defaults and refuses what makes no sense.
func (c Config) complete() (Config, error) {
	c.Mode = orDefault(c.Mode, DefaultMode)
	c.Limit = orDefault(c.Limit, DefaultLimit)
	c.Quiet = orDefault(c.Quiet, DefaultQuiet)
	c.Stall = orDefault(c.Stall, DefaultStall)
	c.Grace = orDefault(c.Grace, DefaultGrace)
	if c.Report == nil {
		c.Report = func(Skipped) {}
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

func orDefault[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}
