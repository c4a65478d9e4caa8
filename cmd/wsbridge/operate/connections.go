package operate

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
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
	f := &filter{}
	var fields []string
	var limit int
	c := &command{Command: cobra.Command{
		Use:     "connections",
		Aliases: []string{"clients"},
		Short:   "List connections",
		Long: `Lists connections, and the fields of their rows that are asked for.

--where login=anna lists those whose row has that value; 'login=an*' matches every value that
starts like this, 'login=' an empty or missing one. All conditions have to be met.`,
		Example: `  wsbridge connections --fields login,room --where room=lobby
  wsbridge connections --state OPEN --json`,
	}}
	f.flags(c)
	c.Flags().StringSliceVar(&fields, "fields", nil, "`FIELDS` of the rows to show, such as login,room")
	c.Flags().IntVar(&limit, "limit", 100, "how many at most")
	c.watch.flags(&c.Command)
	return asks(c, func([]string) (api.Call, error) {
		query, err := f.query()
		if len(fields) > 0 {
			query.Set("fields", strings.Join(fields, ","))
		}
		if limit > 0 {
			query.Set("limit", strconv.Itoa(limit))
		}
		return listing(query), err
	}, func(out io.Writer, found *api.Connections) { writeConnections(out, found, fields) })
}

// listing asks for the connections that a query picks.
func listing(query url.Values) api.Call {
	return api.Call{Method: http.MethodGet, Path: "/v1/connections", Query: query}
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

// query returns the parameters that both a listing and a broadcast take.
func (f *filter) query() (url.Values, error) {
	q := url.Values{}
	if f.state != "" {
		q.Set("state", f.state)
	}
	for _, condition := range f.where {
		name, value, ok := strings.Cut(condition, "=")
		if !ok || name == "" {
			return q, fmt.Errorf("--where %q: want FIELD=VALUE", condition)
		}
		if q.Has("row." + name) {
			return q, fmt.Errorf("--where %q: %s stands in another condition, too", condition, name)
		}
		q.Set("row."+name, value)
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
	c := &command{Command: cobra.Command{
		Use:     "show KEY",
		Short:   "Show a connection: its row, its request and its latest events",
		Example: `  wsbridge show 12`,
		Args:    Arguments(1, 1),
	}}
	c.completeKeys()
	return asks(c, func(args []string) (api.Call, error) { return onKey(http.MethodGet, args[0], "") }, writeConnection)
}

const defaultCode = 1000

func newClose() *command {
	how := api.Close{}
	c := &command{Command: cobra.Command{
		Use:     "close KEY",
		Short:   "Close a connection",
		Long:    `Closes a connection with a code and a reason. The application's close handlers run.`,
		Example: `  wsbridge close 12 --code 1008 --reason "flood"`,
		Args:    Arguments(1, 1),
	}}
	c.Flags().IntVar(&how.Code, "code", defaultCode, "close code (RFC 6455, section 7.4)")
	c.Flags().StringVar(&how.Reason, "reason", "", "`TEXT` for the client, at most 123 bytes")
	c.completeKeys()
	return asks(c, func(args []string) (api.Call, error) {
		call, err := onKey(http.MethodPost, args[0], "/close")
		if err == nil {
			call.Type = "application/json"
			call.Body, err = json.Marshal(how)
		}
		return call, err
	}, func(out io.Writer, _ *api.Done) {
		fmt.Fprintf(out, "connection %s is being closed with %d\n", c.Flags().Arg(0), cmp.Or(how.Code, defaultCode))
	})
}

// onKey asks about the connection with that key.
func onKey(method, text, what string) (api.Call, error) {
	key, err := strconv.ParseInt(text, 10, 64)
	if err != nil || key < 1 {
		return api.Call{}, fmt.Errorf("%q is no connection: want its key, a number that wsbridge connections shows", text)
	}
	return api.Call{Method: method, Path: fmt.Sprintf("/v1/connections/%d%s", key, what)}, nil
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
