package check

import (
	"fmt"
	"io"
	"strings"

	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/terminal"
	"github.com/wsbridge/wsbridge/protocol"
)

// maxShownFiles bounds the files in the text: an application may load a whole framework.
const maxShownFiles = 20

// textReport writes a report for people.
type textReport struct {
	*Report
	out     strings.Builder
	folders isolation.Folders
}

// WriteText writes the report for people. Nothing in it acts on a terminal.
func (r *Report) WriteText(out io.Writer) error {
	t := &textReport{Report: r, folders: isolation.FoldersOf(r.EventsFile)}
	t.sources()
	if r.PHP != nil {
		t.handlers()
		t.globals()
	}
	for _, group := range [...]struct{ level, title string }{
		{protocol.LevelError, "Errors"}, {protocol.LevelWarning, "Warnings"}, {protocol.LevelNote, "Notes"},
	} {
		t.findings(group.level, group.title)
	}
	fmt.Fprintf(&t.out, "%s.\n", r.Summary)
	_, err := io.WriteString(out, t.out.String())
	return err
}

// section writes a titled table and an empty line, or nothing if there are no rows.
func (t *textReport) section(title string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(&t.out, "%s\n", title)
	for _, line := range terminal.Columns(rows) {
		fmt.Fprintf(&t.out, "  %s\n", line)
	}
	t.out.WriteByte('\n')
}

func (t *textReport) sources() {
	var rows [][]string
	for _, row := range [][]string{
		{"configuration", t.Config}, {"settings", t.Settings}, {"events file", t.EventsFile}, {"php", t.php()},
	} {
		if row[1] != "" {
			rows = append(rows, row)
		}
	}
	t.section("Looked at", append(rows, t.files()...))
}

func (t *textReport) php() string {
	if t.PHP == nil {
		return ""
	}
	where := "a php-fpm of wsbridge's own"
	if t.PHP.FastCGI != "" {
		where = t.PHP.FastCGI
	}
	if t.PHP.User == "" {
		return t.PHP.Version + ", " + where
	}
	return fmt.Sprintf("%s as user %s, %s", t.PHP.Version, t.PHP.User, where)
}

func (t *textReport) files() [][]string {
	var rows [][]string
	title := fmt.Sprintf("%s in", terminal.Plural(t.Functions, "function"))
	for i, file := range t.Files {
		if i == maxShownFiles && i+1 < len(t.Files) {
			return append(rows, []string{"", fmt.Sprintf("and %d more files (--json lists all)", len(t.Files)-i)})
		}
		rows = append(rows, []string{title, t.folders.Short(file)})
		title = ""
	}
	return rows
}

func (t *textReport) handlers() {
	var rows [][]string
	for _, h := range t.Handlers {
		rows = append(rows, h.Cells(t.folders))
	}
	workers := ""
	if t.Resident {
		workers = " and resident workers"
	}
	t.section(fmt.Sprintf("Handlers, with isolation.mode = %q%s", t.Isolation, workers), rows)
}

func (t *textReport) globals() {
	var rows [][]string
	for _, g := range t.Globals {
		life := "starts anew in each event"
		switch {
		case g.Lives:
			life = "lives from event to event"
		case t.Resident:
			life = "stays in its worker"
		}
		rows = append(rows, []string{"$" + g.Name, life, t.folders.Cause(g.Cause)})
	}
	t.section("Global variables that functions write", rows)
	if len(t.Fills) > 0 {
		when := "before each event"
		switch {
		case t.PHP.Initialize == "once":
			when = "once, at start"
		case t.Resident:
			when = "when a worker starts"
		}
		t.section(fmt.Sprintf("ws_server_initialize, run %s, fills", when), [][]string{{"$" + strings.Join(t.Fills, ", $")}})
	}
}

func (t *textReport) findings(level, title string) {
	var rows [][]string
	for _, f := range t.Findings {
		if f.Level != level {
			continue
		}
		message := f.Message
		if place := t.folders.Position(f.File, f.Line); place != "" {
			message = place + ": " + message
		}
		rows = append(rows, []string{f.Kind, message})
	}
	t.section(title, rows)
}
