//go:build manual

package main

import (
	"bytes"
	"fmt"
	"strings"
)

// configurationPage returns the annotated configuration as a page of man(7): its tables are sections, its keys with their defaults are
// items, and its comments are their text.
func configurationPage(annotated string) []byte {
	var page bytes.Buffer
	page.WriteString(".TH WSBRIDGE.TOML 5 \"\" wsbridge wsbridge\n.SH NAME\nwsbridge.toml \\- configuration of wsbridge\n.SH DESCRIPTION\n")
	var comment []string
	flush := func() {
		for _, line := range comment {
			page.WriteString(roffLine(line))
		}
		comment = nil
	}
	for line := range strings.Lines(annotated) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "#"):
			comment = append(comment, strings.TrimPrefix(line[1:], " "))
		case line == "":
			flush()
			page.WriteString(".PP\n")
		case strings.HasPrefix(line, "["):
			fmt.Fprintf(&page, ".SH %s\n", line)
			flush()
		default: // a key, below its comment
			fmt.Fprintf(&page, ".TP\n\\fB%s\\fR\n", escapeRoff(line))
			flush()
		}
	}
	flush()
	page.WriteString(".SH SEE ALSO\nwsbridge(1)\n")
	return page.Bytes()
}

// roffLine keeps the line breaks around indented lines, and lets the others flow.
func roffLine(line string) string {
	text := escapeRoff(line)
	if strings.HasPrefix(line, " ") {
		return ".br\n" + text + "\n.br\n"
	}
	return text + "\n"
}

// escapeRoff keeps a line from being a request, and keeps its backslashes and hyphens.
func escapeRoff(line string) string {
	line = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(line)
	if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
		return `\&` + line
	}
	return line
}
