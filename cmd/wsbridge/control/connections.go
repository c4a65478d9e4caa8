package control

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/wsbridge/wsbridge/bridge"
	"github.com/wsbridge/wsbridge/bridge/rows"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
)

const (
	defaultLimit = 100
	maxLimit     = 10000
	// maxListed bounds the bytes of a string in a list.
	maxListed = 4 << 10
)

func (s *Server) connections(_ http.ResponseWriter, r *http.Request) (any, error) {
	q := r.URL.Query()
	filter, err := filterOf(q)
	if err != nil {
		return nil, err
	}
	limit, err := number(q, "limit", defaultLimit, 1, maxLimit)
	if err != nil {
		return nil, err
	}
	after, err := number(q, "after", 0, 0, 1<<62)
	if err != nil {
		return nil, err
	}
	page, total := s.cfg.Bridge.Connections(filter, after, int(limit)+1) // one more, to know whether there are more
	a := api.Connections{Connections: []api.Connection{}, Total: total}
	fields := fieldsOf(q)
	for i := range page {
		if i == int(limit) {
			a.Next = page[i-1].Key
			break
		}
		c := apiConnection(&page[i])
		for _, name := range fields {
			if value := page[i].Row.Get(name); value != nil {
				c.Row = append(c.Row, readable(name, value, maxListed))
			}
		}
		a.Connections = append(a.Connections, c)
	}
	return a, nil
}

func fieldsOf(q url.Values) (names []string) {
	for _, list := range q["fields"] {
		for name := range strings.SplitSeq(list, ",") {
			if name != "" {
				names = append(names, name)
			}
		}
	}
	return names
}

func (s *Server) connection(_ http.ResponseWriter, r *http.Request) (any, error) {
	key, err := keyOf(r)
	if err != nil {
		return nil, err
	}
	c, history, err := s.cfg.Bridge.Connection(key)
	if err != nil {
		return nil, noConnection(key, err)
	}
	a := api.ConnectionDetails{Connection: apiConnection(&c), Request: api.Request(c.Request), History: []api.Event{}}
	for _, f := range c.Row {
		a.Row = append(a.Row, readable(f.Name, f.Value, 0))
	}
	for i := range history {
		a.History = append(a.History, apiEvent(&history[i], false))
	}
	return a, nil
}

// apiConnection returns a connection without its row, which the caller adds.
func apiConnection(c *bridge.Connection) api.Connection {
	return api.Connection{
		Key: c.Key, State: c.State, RemoteAddress: c.Peer, Connected: apiTime(c.Connected), Idle: api.Of(time.Since(c.Last)),
		EventsWaiting: c.EventsWaiting, SendQueue: c.SendQueue, SendQueueBytes: c.SendQueueBytes, Messages: api.Messages(c.Messages),
	}
}

// keyOf returns the key of the connection that a path names.
func keyOf(r *http.Request) (int64, error) {
	key, err := strconv.ParseInt(r.PathValue("key"), 10, 64)
	if err != nil || key < 1 {
		return 0, errorf(http.StatusBadRequest, "connection %q: want the number that is its key", r.PathValue("key"))
	}
	return key, nil
}

// noConnection adds the key to an error that there is no such connection.
func noConnection(key int64, err error) error {
	e := asError(err)
	if e.Status == http.StatusNotFound {
		e.Text = "no connection " + strconv.FormatInt(key, 10)
	}
	return e
}

// filterOf reads the parameters state and row.NAME; an asterisk at the end of a value matches anything.
func filterOf(q url.Values) (rows.Filter, error) {
	var f rows.Filter
	for name, values := range q {
		field, isRow := strings.CutPrefix(name, "row.")
		if !isRow && name != "state" {
			continue
		}
		for _, value := range values {
			begin, isPrefix := strings.CutSuffix(value, "*")
			if strings.Contains(begin, "*") {
				return nil, errorf(http.StatusBadRequest, "%s=%s: an asterisk may stand at the end only", name, value)
			}
			f = append(f, rows.Condition{Field: field, Value: begin, Prefix: isPrefix})
		}
	}
	return f, nil
}

// number reads a parameter that is a whole number; without it, it returns def.
func number(q url.Values, name string, def, least, most int64) (int64, error) {
	if !q.Has(name) {
		return def, nil
	}
	n, err := strconv.ParseInt(q.Get(name), 10, 64)
	if err != nil || n < least || n > most {
		return 0, errorf(http.StatusBadRequest, "%s=%s: want a whole number from %d to %d", name, q.Get(name), least, most)
	}
	return n, nil
}
