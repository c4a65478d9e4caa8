package operate

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/terminal"
)

// none is shown where there is nothing to show.
const none = "-"

// write writes a table with each line indented.
func write(out io.Writer, indent string, rows [][]string) {
	for _, line := range terminal.Columns(rows) {
		fmt.Fprintln(out, indent+line)
	}
}

// took returns a duration with three digits: "85µs", "1.27ms", "12.3s".
func took(m api.Micros) string {
	switch d := m.Std(); {
	case d < time.Millisecond:
		return strconv.FormatInt(int64(m), 10) + "µs"
	case d < time.Second:
		return digits(d.Seconds()*1000) + "ms"
	case d < time.Minute:
		return digits(d.Seconds()) + "s"
	}
	return age(m.Std())
}

func digits(f float64) string {
	switch {
	case f < 9.995:
		return strconv.FormatFloat(f, 'f', 2, 64)
	case f < 99.95:
		return strconv.FormatFloat(f, 'f', 1, 64)
	}
	return strconv.FormatFloat(f, 'f', 0, 64)
}

// age returns a long duration in its two largest units: "3d4h", "2h5m", "45s".
func age(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= day:
		return fmt.Sprintf("%dd%dh", d/day, d%day/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%dh%dm", d/time.Hour, d%time.Hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%dm%ds", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%ds", max(d, 0)/time.Second)
}

// size returns a number of bytes with its unit.
func size[N int | int64 | uint64](n N) string {
	f, unit := float64(n), 0
	for ; f >= 1024 && unit < 4; unit++ {
		f /= 1024
	}
	if unit == 0 {
		return strconv.FormatFloat(f, 'f', 0, 64) + " B"
	}
	return digits(f) + " " + string(" KMGT"[unit]) + "iB"
}

// value returns a row's value: a text as it is, anything else as JSON, cut to limit characters unless limit is 0.
func value(v json.RawMessage, limit int) string {
	var text api.Text
	s := string(v)
	if json.Unmarshal(v, &text) == nil && (len(v) == 0 || v[0] == '"') {
		s = string(text.Data)
	}
	return cut(s, limit)
}

// cut shortens s to limit characters, unless limit is 0.
func cut(s string, limit int) string {
	if limit == 0 {
		return s
	}
	n := 0
	for i := range s {
		if n++; n > limit {
			return s[:i] + "…"
		}
	}
	return s
}

// oneLine returns a text of several lines as one line.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func orNone(s string) string {
	if s == "" {
		return none
	}
	return s
}
