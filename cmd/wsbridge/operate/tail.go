package operate

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/terminal"
)

func newTail() *command {
	var clients []int64
	var events []string
	var payloads bool
	var count int
	c := &command{Command: cobra.Command{
		Use:   "tail",
		Short: "Show events as they happen: what came, where its time went, what PHP did",
		Long: `Shows each event when it is over, until interrupted: in the first line what it was and how
long its parts took, below it what the handler did. The parts are queue (until its turn),
connect (to php-fpm), wait (for a worker), run (PHP), and apply (of what PHP asked for).

Payloads may be private: they are shown only with --payloads. With --json, each event is a line.
After an upgrade it goes on with the process that has taken over.`,
		Example: `  wsbridge tail --client 12 --payloads
  wsbridge tail --event fifo --event text`,
		Args: Arguments(0, 0),
	}}
	c.Flags().Int64SliceVar(&clients, "client", nil, "only events of the connection with that `KEY`; may be repeated")
	c.Flags().StringSliceVar(&events, "event", nil, "only events of that `NAME`, such as text; may be repeated")
	c.Flags().BoolVar(&payloads, "payloads", false, "show what was received and sent, too")
	c.Flags().IntVar(&count, "count", 0, "end after that many events; 0: do not")
	_ = c.RegisterFlagCompletionFunc("client", c.keys) // it fails only for a flag that does not exist
	c.completeFlag("event", api.EventNames()...)
	c.RunE = func(*cobra.Command, []string) error {
		left := count
		query := url.Values{"event": events}
		for _, name := range events {
			if known := api.EventNames(); !slices.Contains(known, name) {
				return fmt.Errorf("--event %q: want one of %s", name, strings.Join(known, ", "))
			}
		}
		for _, key := range clients {
			query.Add("client", strconv.FormatInt(key, 10))
		}
		if payloads {
			query.Set("payloads", "1")
		}
		return c.ask(func(ctx context.Context, server *api.Client) error { return c.tail(ctx, server, query, &left) })
	}
	return c
}

// tail writes lines until the server ends, or as many as *left, and then those of the process that takes over from it.
func (c *command) tail(ctx context.Context, server *api.Client, query url.Values, left *int) error {
	for {
		goesOn, err := c.tailOne(ctx, server, query, left)
		if err != nil || !goesOn {
			return err
		}
		fmt.Fprintln(c.ErrOrStderr(), "wsbridge: another process of the server has taken over: its events follow")
	}
}

// tailOne is tail of one process. It reports whether another one has taken over from it.
func (c *command) tailOne(ctx context.Context, server *api.Client, query url.Values, left *int) (goesOn bool, err error) {
	lines, err := server.Tail(ctx, query)
	if err != nil {
		return false, err
	}
	for line, err := range lines {
		switch {
		case err != nil:
			return false, err
		case line.HandedOver:
			return true, nil
		case c.asJSON:
			err = terminal.WriteJSON(c.OutOrStdout(), line, "")
		default:
			_, err = io.WriteString(c.OutOrStdout(), lineText(line))
		}
		if err != nil {
			return false, err
		}
		if *left--; *left == 0 {
			return false, nil
		}
	}
	return false, nil
}

// lineText returns an event and its effects, a line each.
func lineText(line *api.Line) string {
	if line.Dropped > 0 {
		return fmt.Sprintf("… %s came too fast to be shown\n", terminal.Plural(line.Dropped, "event"))
	}
	e := &line.Event
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s", e.Time.Local().Format("15:04:05.000"), e.Event)
	if e.Client != 0 {
		fmt.Fprintf(&b, " of %d", e.Client)
	}
	fmt.Fprintf(&b, "  %s = queue %s + connect %s + wait %s + run %s + apply %s", took(e.Total), took(e.Queue), took(e.Connect),
		took(e.Wait), took(e.Run), took(e.Apply))
	if e.Worker != 0 {
		fmt.Fprintf(&b, ", worker %d", e.Worker)
	}
	if e.Together > 0 {
		fmt.Fprintf(&b, ", one of %d in a request", e.Together)
	}
	if e.Bytes > 0 || e.Payload != nil {
		fmt.Fprintf(&b, "\n    ← %s%s", size(e.Bytes), payloadText(e.Payload))
	}
	for i := range e.Effects {
		fmt.Fprintf(&b, "\n    %s", effectText(&e.Effects[i]))
	}
	if len(e.Result) > 0 {
		fmt.Fprintf(&b, "\n    = %s", terminal.Printable(string(e.Result)))
	}
	if e.Failure != "" {
		fmt.Fprintf(&b, "\n    ✗ %s", terminal.Printable(failureText(e.Failure, e.Error, e.File, e.Line)))
	}
	b.WriteByte('\n')
	return b.String()
}

func payloadText(t *api.Text) string {
	if t == nil {
		return ""
	}
	text := terminal.Printable(string(t.Data))
	if t.Cut > 0 {
		text += fmt.Sprintf("… and %s more", size(t.Cut))
	}
	return "  " + text
}

func effectText(e *api.Effect) string {
	switch {
	case e.Send != nil:
		return fmt.Sprintf("→ %s to %s%s", size(e.Send.Bytes), recipientsText(e.Send), payloadText(e.Send.Payload))
	case e.Close != nil:
		return terminal.Printable(oneLine(fmt.Sprintf("⊗ close of %d: %d %s", e.Close.Client, e.Close.Code, e.Close.Reason)))
	case e.Log != nil:
		return "! " + terminal.Printable(failureText(e.Log.Level, e.Log.Message, e.Log.File, e.Log.Line))
	case e.Rows > 0:
		return "± " + terminal.Plural(e.Rows, "row") + " changed"
	}
	return fmt.Sprintf("… and %s more", terminal.Plural(e.More, "effect"))
}

// maxRecipients bounds the list of keys in a line.
const maxRecipients = 8

func recipientsText(s *api.Send) string {
	if s.To.Open {
		return fmt.Sprintf("all (%s)", terminal.Plural(s.Count, "client"))
	}
	var keys []string
	for _, key := range s.To.Keys[:min(len(s.To.Keys), maxRecipients)] {
		keys = append(keys, strconv.FormatInt(key, 10))
	}
	if more := len(s.To.Keys) - len(keys); more > 0 {
		keys = append(keys, fmt.Sprintf("%d more", more))
	}
	return strings.Join(keys, ", ")
}

// failureText returns a failure's name and message with its place.
func failureText(name, message, file string, line int) string {
	return withPlace(name+": "+message, file, line)
}

// withPlace returns a message as one line with its place in the application's code, written as editors read it.
func withPlace(message, file string, line int) string {
	text := oneLine(message)
	if file != "" {
		text += fmt.Sprintf(" at %s:%d", file, line)
	}
	return text
}

func eventHeader() []string {
	return []string{"TIME", "EVENT", "BYTES", "TOTAL", "QUEUE", "CONNECT", "WAIT", "RUN", "APPLY", "SENT", "CLOSED", "ROWS", ""}
}

func eventRow(e *api.Event) []string {
	failure := ""
	if e.Failure != "" {
		failure = "failed: " + failureText(e.Failure, e.Error, e.File, e.Line)
	}
	return []string{e.Time.Local().Format(time.TimeOnly), e.Event, size(e.Bytes), took(e.Total), took(e.Queue), took(e.Connect), took(e.Wait),
		took(e.Run), took(e.Apply), strconv.Itoa(e.Made.Sent), strconv.Itoa(e.Made.Closed), strconv.Itoa(e.Made.Rows), failure}
}
