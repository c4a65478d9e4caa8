package operate

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/terminal"
)

func newJournal() *command {
	c := &command{Command: cobra.Command{
		Use:   "journal",
		Short: "Show what the next start would have to do after a crash",
		Long: `Shows what is in the journal: documents that wait, and clients whose close events are owed.

Exit codes: 0 the server has answered, 1 it has not, 2 wrong use.`,
		Example: `  wsbridge journal
  wsbridge journal repair /var/lib/wsbridge/journal`,
	}}
	c.watch.flags(&c.Command)
	return asks(c, always(http.MethodGet, "/v1/journal"), writeJournal)
}

func writeJournal(out io.Writer, j *api.Journal) {
	if j.Dir == "" {
		fmt.Fprintln(out, "there is no journal: journal.dir is empty, or there is no StateDirectory")
		return
	}
	write(out, "", [][]string{
		{"folder", fmt.Sprintf("%s, %s on disk", terminal.Printable(j.Dir), size(j.DiskBytes))},
		{"documents", documentsText(j)},
		{"clients", fmt.Sprintf("%s owed, %s", terminal.Plural(j.Owed, "close event"), rowsText(j))},
		{"begun", fmt.Sprintf("%s in PHP", terminal.Plural(j.Begun, "event"))},
		{"state", journalState(j)},
	})
}

func documentsText(j *api.Journal) string {
	text := fmt.Sprintf("%s waiting (%s of %s)", terminal.Plural(j.Documents, "document"), size(j.DocumentBytes), size(j.MaxBytes))
	if j.Oldest != nil {
		text += ", the first for " + age(time.Since(*j.Oldest))
	}
	return text
}

func rowsText(j *api.Journal) string {
	if !j.Rows {
		return "with their rows as they were after ws_server_open"
	}
	return "with their rows, " + terminal.Plural(j.RowsBehind, "row") + " to be written"
}

func journalState(j *api.Journal) string {
	switch {
	case j.Broken != "":
		return "broken, nothing is written any more: " + oneLine(j.Broken)
	case j.Full:
		return "the disk is full: documents are not accepted, and rows are not written"
	}
	return "good"
}
