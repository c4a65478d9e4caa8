package config

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strconv"
	"strings"
	"time"
)

// ByteSize is a number of bytes, written plain or with the unit KiB, MiB or GiB: 65536, "64KiB". KB and MB are refused, because
// their meaning varies.
type ByteSize int64

// UnmarshalText reads a non-negative whole number and an optional unit.
func (b *ByteSize) UnmarshalText(text []byte) error {
	digits, shift := string(text), 0
	for _, unit := range byteUnits() {
		if rest, ok := strings.CutSuffix(digits, unit.name); ok {
			digits, shift = strings.TrimSpace(rest), unit.shift
			break
		}
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || n > math.MaxInt64>>shift {
		return errors.New(`want a number of bytes, such as 65536, "64KiB", "16MiB" or "1GiB"`)
	}
	*b = ByteSize(n << shift)
	return nil
}

// String writes the largest unit that divides b exactly.
func (b ByteSize) String() string {
	for _, unit := range byteUnits() {
		if b > 0 && b%(1<<unit.shift) == 0 {
			return strconv.FormatInt(int64(b)>>unit.shift, 10) + unit.name
		}
	}
	return strconv.FormatInt(int64(b), 10)
}

type byteUnit struct {
	name  string
	shift int
}

func byteUnits() [3]byteUnit { return [...]byteUnit{{"GiB", 30}, {"MiB", 20}, {"KiB", 10}} }

// Duration is a time.Duration written with its unit, such as "1m30s" or "50ms".
type Duration time.Duration

// UnmarshalText accepts what time.ParseDuration does. A bare number is refused.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return errors.New(`want a duration with a unit, such as "10s" or "50ms"`)
	}
	*d = Duration(v)
	return nil
}

// Std returns d as the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String leaves out zero parts: "1m", not "1m0s".
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// FileMode is a file's permission bits, written as an octal string with a leading zero: "0660".
type FileMode fs.FileMode

// UnmarshalText requires the leading zero. Without it, decimal digits could be taken for octal ones.
func (m *FileMode) UnmarshalText(text []byte) error {
	s := string(text)
	v, err := strconv.ParseUint(s, 8, 32)
	if err != nil || len(s) != 4 || s[0] != '0' {
		return errors.New(`want permission bits as a string, such as "0660"`)
	}
	*m = FileMode(v)
	return nil
}

// Std returns m as the standard library's type.
func (m FileMode) Std() fs.FileMode { return fs.FileMode(m) }

func (m FileMode) String() string { return fmt.Sprintf("%04o", uint32(m)) }
