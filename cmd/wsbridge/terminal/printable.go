package terminal

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable replaces by a space each character that acts on a terminal instead of being shown: control characters, and those that change
// the direction of the text after them.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if acts(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s)
}

// PrintableLines is Printable for a text of several lines.
func PrintableLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = Printable(line)
	}
	return strings.Join(lines, "\n")
}

// WriteJSON writes v as one document and a newline. indent is written once for each level; if it is empty, the document is one line.
// Nothing in it acts on a terminal.
func WriteJSON(out io.Writer, v any, indent string) error {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	if err := encoder.Encode(v); err != nil {
		return err
	}
	_, err := io.WriteString(out, printableJSON(b.String()))
	return err
}

// printableJSON escapes what acts on a terminal. In JSON such characters can stand only in strings, but for line breaks and tabs, which
// stay.
func printableJSON(document string) string {
	var b strings.Builder
	for _, r := range document {
		if acts(r) && r != '\n' && r != '\t' {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// acts reports whether a terminal may do something else with r than show it.
func acts(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }

// Plural counts things: "1 client", "2 clients".
func Plural[N int | uint64](n N, noun string) string {
	if n == 1 {
		return fmt.Sprintf("%d %s", n, noun)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
