package operate

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/terminal"
)

// maxCell bounds the characters of a row's value in a list.
const maxCell = 40

func newConnections() *command {
	w, f := &watch{}, &filter{}
	var fields []string
	var limit int
	c := &command{}
	c.Command = cobra.Command{
		Use:     "connections",
		Aliases: []string{"clients"},
		Short:   "List connections",
		Long: `Lists connections, and the fields of their rows that are asked for.

--where login=anna lists those whose row has that value; 'login=an*' matches every value that
starts like this, 'login=' an empty or missing one. All conditions have to be met.`,
		Example: `  wsbridge connections --fields login,room --where room=lobby
  wsbridge connections --state OPEN --json`,
		Args: Arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			query, err := f.query()
			if err != nil {
				return err
			}
			query.Fields, query.Limit = fields, limit
			return c.ask(func(ctx context.Context, server *api.Client) error {
				return w.repeat(ctx, c, func() error {
					found, err := server.Connections(ctx, query)
					if err != nil {
						return err
					}
					return c.publish(found, func(out io.Writer) { writeConnections(out, found, fields) })
				})
			})
		},
	}
	f.flags(c)
	c.Flags().StringSliceVar(&fields, "fields", nil, "`FIELDS` of the rows to show, such as login,room")
	c.Flags().IntVar(&limit, "limit", 100, "how many at most")
	w.flags(&c.Command)
	return c
}

// filter picks connections.
type filter struct {
	state string
	where []string
}

func (f *filter) flags(c *command) {
	c.Flags().StringVar(&f.state, "state", "", "only those in that `STATE`, such as OPEN")
	c.Flags().StringArrayVar(&f.where, "where", nil, "only those whose row has `FIELD=VALUE`; may be repeated")
	c.completeFlag("state", "OPEN", "CONNECTING", "REMOTE TERMINATED")
}

func (f *filter) query() (api.ListQuery, error) {
	q := api.ListQuery{State: f.state, Row: map[string]string{}}
	for _, condition := range f.where {
		name, value, ok := strings.Cut(condition, "=")
		if !ok || name == "" {
			return q, fmt.Errorf("--where %q: want FIELD=VALUE", condition)
		}
		if _, twice := q.Row[name]; twice {
			return q, fmt.Errorf("--where %q: %s stands in another condition, too", condition, name)
		}
		q.Row[name] = value
	}
	return q, nil
}

func writeConnections(out io.Writer, found *api.Connections, fields []string) {
	header := []string{"KEY", "STATE", "ADDRESS", "SINCE", "IDLE", "IN", "OUT", "WAITING"}
	for _, name := range fields {
		header = append(header, strings.ToUpper(name))
	}
	rows := [][]string{header}
	for i := range found.Connections {
		c := &found.Connections[i]
		row := []string{strconv.FormatInt(c.Key, 10), c.State, c.RemoteAddress, age(time.Since(c.Connected)), took(c.Idle),
			strconv.FormatUint(c.Received, 10), strconv.FormatUint(c.Sent, 10), waitingText(c)}
		for _, name := range fields {
			row = append(row, value(c.Row.Get(name), maxCell))
		}
		rows = append(rows, row)
	}
	write(out, "", rows)
	if more := found.Total - len(found.Connections); more > 0 {
		fmt.Fprintf(out, "… and %d more: --limit\n", more)
	}
}

// waitingText says what waits for a connection.
func waitingText(c *api.Connection) string {
	var parts []string
	if c.EventsWaiting > 0 {
		parts = append(parts, terminal.Plural(c.EventsWaiting, "event"))
	}
	if c.SendQueue > 0 {
		parts = append(parts, fmt.Sprintf("%s to send (%s)", terminal.Plural(c.SendQueue, "message"), size(c.SendQueueBytes)))
	}
	return orNone(strings.Join(parts, ", "))
}

func newShow() *command {
	c := &command{}
	c.Command = cobra.Command{
		Use:     "show KEY",
		Short:   "Show a connection: its row, its request and its latest events",
		Example: `  wsbridge show 12`,
		Args:    Arguments(1, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			key, err := keyOf(args[0])
			if err != nil {
				return err
			}
			return c.ask(func(ctx context.Context, server *api.Client) error {
				found, err := server.Connection(ctx, key)
				if err != nil {
					return err
				}
				return c.publish(found, func(out io.Writer) { writeConnection(out, found) })
			})
		},
	}
	c.completeKeys()
	return c
}

func writeConnection(out io.Writer, c *api.ConnectionDetails) {
	write(out, "", [][]string{
		{fmt.Sprintf("connection %d", c.Key), c.State},
		{"address", c.RemoteAddress},
		{"since", fmt.Sprintf("%s (%s)", c.Connected.Local().Format(time.DateTime), age(time.Since(c.Connected)))},
		{"idle", took(c.Idle)},
		{"received", fmt.Sprintf("%s, %s", terminal.Plural(c.Received, "message"), size(c.ReceivedBytes))},
		{"sent", fmt.Sprintf("%s, %s", terminal.Plural(c.Sent, "message"), size(c.SentBytes))},
		{"waiting", waitingText(&c.Connection)},
		{"path", orNone(c.Request.Path)},
		{"origin", orNone(c.Request.Origin)},
		{"user agent", orNone(c.Request.UserAgent)},
		{"subprotocol", orNone(c.Request.Subprotocol)},
	})
	fmt.Fprintln(out, "\nrow")
	var rows [][]string
	for _, f := range c.Row {
		rows = append(rows, []string{f.Name, value(f.Value, 0)})
	}
	write(out, "  ", rows)
	if len(c.History) == 0 {
		return
	}
	fmt.Fprintln(out, "\nlatest events")
	rows = [][]string{eventHeader()}
	for i := range c.History {
		rows = append(rows, eventRow(&c.History[i]))
	}
	write(out, "  ", rows)
}

// keyOf reads a connection's key.
func keyOf(text string) (int64, error) {
	key, err := strconv.ParseInt(text, 10, 64)
	if err != nil || key < 1 {
		return 0, fmt.Errorf("%q is no connection: want its key, a number that wsbridge connections shows", text)
	}
	return key, nil
}
