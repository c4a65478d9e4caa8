package config

import (
	"errors"
	"math"
	"strconv"
	"strings"
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
