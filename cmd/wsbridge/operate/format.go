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

// none stands where there is nothing to show.
const none = "-"

// write writes a table, indented.
func write(out io.Writer, indent string, rows [][]string) {
	for _, line := range terminal.Columns(rows) {
		fmt.Fprintln(out, indent+line)
	}
}

// took writes a duration with three digits: "85µs", "1.27ms", "12.3s".
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

// age writes a long duration by its two largest units: "3d4h", "2h5m", "45s".
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

// size writes a number of bytes.
func size[N int | uint64](n N) string {
	f, unit := float64(n), 0
	for ; f >= 1024 && unit < 4; unit++ {
		f /= 1024
	}
	if unit == 0 {
		return strconv.FormatFloat(f, 'f', 0, 64) + " B"
	}
	return digits(f) + " " + string(" KMGT"[unit]) + "iB"
}

// plural is "1 client", "2 clients".
func plural[N int | uint64](n N, noun string) string {
	if n == 1 {
		return fmt.Sprintf("%d %s", n, noun)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// value writes a value of a row: texts as they are, everything else as JSON, cut to limit characters unless that is 0.
func value(v json.RawMessage, limit int) string {
	var text api.Text
	s := string(v)
	if json.Unmarshal(v, &text) == nil && (len(v) == 0 || v[0] == '"') {
		s = string(text.Data)
	}
	return cut(s, limit)
}

// cut shortens s to limit characters, unless that is 0.
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

// sentence is a text of several lines as one.
func sentence(s string) string { return strings.Join(strings.Fields(s), " ") }
