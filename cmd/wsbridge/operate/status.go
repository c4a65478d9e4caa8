package operate

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/terminal"
)

func newStatus() *command {
	c := &command{Command: cobra.Command{
		Use:   "status",
		Short: "Show the state of the running server",
		Long: `Shows whether clients are taken, how many there are, what waits, and how busy php-fpm is.

Exit codes: 0 it has answered, 1 it has not, 2 wrong use.`,
		Example: `  wsbridge status --watch`,
	}}
	c.watch.flags(&c.Command)
	return asks(c, always(http.MethodGet, "/v1/status"), writeStatus)
}

func writeStatus(out io.Writer, s *api.Status) {
	write(out, "", [][]string{
		{"wsbridge " + s.Version, stateText(s)},
		{"running", fmt.Sprintf("%s, process %d, log level %s", age(s.Uptime.Std()), s.PID, s.LogLevel)},
		{"listens", orNone(s.Listen) + ", pipe " + orNone(s.Pipe) + lost(s)},
		{"clients", fmt.Sprintf("%d open, %d coming or leaving; %d let in, %d refused so far", s.Connections.Open,
			s.Connections.All-s.Connections.Open, s.Connections.Accepted, s.Connections.Refused)},
		{"messages", fmt.Sprintf("%d received (%s), %d sent (%s)", s.Messages.Received, size(s.Messages.ReceivedBytes),
			s.Messages.Sent, size(s.Messages.SentBytes))},
		{"events", fmt.Sprintf("%d running, %d waiting (%s); %d done, %d of them failed", s.Events.Running, s.Events.Waiting,
			size(s.Events.WaitingBytes), s.Events.Done+s.Events.Failed, s.Events.Failed)},
		{"php-fpm", phpText(&s.PHP)},
		{"workers", residentsText(&s.Residents)},
		{"from", orNone(s.Config) + ", " + s.Application.EventsFile},
	})
	section(out, "workers", latestWorkers(&s.Residents))
	section(out, "handlers, isolation "+s.Application.Isolation, handlerRows(s.Application.Handlers))
}

// section writes a table under a title, unless it is empty.
func section(out io.Writer, title string, rows [][]string) {
	if len(rows) > 0 {
		fmt.Fprintf(out, "\n%s\n", title)
		write(out, "  ", rows)
	}
}

func stateText(s *api.Status) string {
	switch {
	case s.Draining:
		return "is shutting down"
	case s.Paused:
		return "is paused: events wait for wsbridge resume"
	case s.Ready:
		return "takes clients"
	}
	return "takes no clients: " + oneLine(s.Why)
}

func phpText(p *api.PHP) string {
	whose := "at"
	if p.Managed {
		whose = "wsbridge's own, at"
	}
	text := fmt.Sprintf("%s, %s %s", orNone(p.Version), whose, p.Address)
	if w := p.Workers; w != nil {
		text += fmt.Sprintf("; %d of %s busy", w.Active, terminal.Plural(w.Total, "worker"))
	}
	text += fmt.Sprintf("; %d of %s", p.Pool.Connections, terminal.Plural(p.Pool.Max, "connection"))
	if p.Pool.Waiting > 0 {
		text += fmt.Sprintf(", %d of them without a worker", p.Pool.Waiting)
	}
	return text
}

// handlerRows says how handlers run, and why.
func handlerRows(handlers []api.Handler) (rows [][]string) {
	for i := range handlers {
		var row []string
		for _, cell := range handlers[i].Cells {
			row = append(row, oneLine(cell))
		}
		rows = append(rows, row)
	}
	return rows
}

func newErrors() *command {
	c := &command{Command: cobra.Command{
		Use:     "errors",
		Short:   "List recent failures, with file and line",
		Example: `  wsbridge errors`,
	}}
	return asks(c, always(http.MethodGet, "/v1/errors"), writeErrors)
}

func writeErrors(out io.Writer, found *api.Errors) {
	if len(found.Errors) == 0 {
		fmt.Fprintln(out, "no event has failed")
		return
	}
	rows := [][]string{{"AGO", "TIMES", "EVENT", "CLIENT", "FAILURE"}}
	for _, e := range found.Errors {
		client := none
		if e.Client != 0 {
			client = strconv.FormatInt(e.Client, 10)
		}
		rows = append(rows, []string{age(time.Since(e.Time)), strconv.Itoa(e.Times), e.Event, client,
			failureText(e.Failure, e.Message, e.File, e.Line)})
	}
	write(out, "", rows)
}

// lost returns what is wrong with the pipe.
func lost(s *api.Status) string {
	if s.PipeLost == "" {
		return ""
	}
	return " (lost: " + s.PipeLost + ")"
}
