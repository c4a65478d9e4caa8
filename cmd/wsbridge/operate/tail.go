package operate

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/terminal"
	"github.com/wsbridge/wsbridge/protocol"
)

func newTail(failed func(error) error) *cobra.Command {
	c := &command{failed: failed}
	var query api.TailQuery
	var count int
	cmd := &cobra.Command{
		Use:   "tail",
		Short: "Show events as they happen: what came, where its time went, what PHP did",
		Long: `Shows each event when it is over, until interrupted: in the first line what it was and how
long its parts took, below what the handler did. The parts are queue (until its turn),
connect (to php-fpm), wait (for a worker), run (PHP), and apply (of what PHP asked for).

Payloads are shown only with --payloads: they may hold what is nobody else's business.
With --json, each event is a line.`,
		Example: `  wsbridge tail --client 12 --payloads
  wsbridge tail --event fifo --event text`,
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, name := range query.Events {
				if !slices.Contains(eventNames(), name) {
					return fmt.Errorf("--event %q: want one of %s", name, strings.Join(eventNames(), ", "))
				}
			}
			return c.ask(cmd, func(ctx context.Context, client *api.Client) error {
				return c.tail(ctx, cmd.OutOrStdout(), client, query, count)
			})
		},
	}
	cmd.Flags().Int64SliceVar(&query.Clients, "client", nil, "only events of the connection with that `KEY`; may be repeated")
	cmd.Flags().StringSliceVar(&query.Events, "event", nil, "only events of that `NAME`, such as text; may be repeated")
	cmd.Flags().BoolVar(&query.Payloads, "payloads", false, "show what was received and sent, too")
	cmd.Flags().IntVar(&count, "count", 0, "end after that many events; 0 for none")
	c.flags(cmd)
	_ = cmd.RegisterFlagCompletionFunc("client", c.keys) // they fail for flags that do not exist
	_ = cmd.RegisterFlagCompletionFunc("event", cobra.FixedCompletions(eventNames(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// eventNames are the kinds of events that can be seen.
func eventNames() (names []string) {
	for _, k := range protocol.Kinds() {
		if k != protocol.Describe && k != protocol.Inspect {
			names = append(names, string(k))
		}
	}
	return names
}

func (c *command) tail(ctx context.Context, out io.Writer, client *api.Client, query api.TailQuery, count int) error {
	lines, err := client.Tail(ctx, query)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for line, err := range lines {
		switch {
		case err != nil:
			return err
		case c.asJSON:
			err = encoder.Encode(line)
		default:
			_, err = io.WriteString(out, lineText(line))
		}
		if err != nil {
			return err
		}
		if count--; count == 0 {
			return nil
		}
	}
	return nil
}

// lineText writes an event and its effects, a line each.
func lineText(line *api.Line) string {
	if line.Dropped > 0 {
		return fmt.Sprintf("… %s came too fast to be shown\n", plural(line.Dropped, "event"))
	}
	e := &line.Event
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s", e.Time.Local().Format("15:04:05.000"), e.Event)
	if e.Client != 0 {
		fmt.Fprintf(&b, " of %d", e.Client)
	}
	fmt.Fprintf(&b, "  %s = queue %s + connect %s + wait %s + run %s + apply %s", took(e.Total), took(e.Queue), took(e.Connect),
		took(e.Wait), took(e.Run), took(e.Apply))
	if e.Bytes > 0 || e.Payload != nil {
		fmt.Fprintf(&b, "\n    ← %s%s", size(e.Bytes), payload(e.Payload))
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

func payload(t *api.Text) string {
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
		return fmt.Sprintf("→ %s to %s%s", size(e.Send.Bytes), recipients(e.Send), payload(e.Send.Payload))
	case e.Close != nil:
		return terminal.Printable(sentence(fmt.Sprintf("⊗ close of %d: %d %s", e.Close.Client, e.Close.Code, e.Close.Reason)))
	case e.Log != nil:
		return "! " + terminal.Printable(failureText(e.Log.Level, e.Log.Message, e.Log.File, e.Log.Line))
	case e.Rows > 0:
		return "± " + plural(e.Rows, "row") + " changed"
	}
	return fmt.Sprintf("… and %s more", plural(e.More, "effect"))
}

// maxRecipients bounds the list of keys in a line.
const maxRecipients = 8

func recipients(s *api.Send) string {
	if s.To.Open {
		return fmt.Sprintf("all (%s)", plural(s.Count, "client"))
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

// failureText is a message with the place in the application's code, as an editor takes it.
func failureText(name, message, file string, line int) string {
	text := name + ": " + sentence(message)
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
