package bridge

import (
	"net/http"
	"strings"
	"time"

	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/bridge/rows"
	"github.com/wsbridge/wsbridge/protocol"
)

// Connection is a client and how it fares.
type Connection struct {
	Key       int64
	State     string          // of the row; empty if a handler has put there what is no text
	Row       protocol.Fields // its values are not to be changed
	Peer      string          // ip:port
	Connected time.Time
	Last      time.Time // it sent a message; or Connected
	Request   Request

	EventsWaiting             int
	SendQueue, SendQueueBytes int
	observe.Messages
}

// Request is what a client's handshake asked for, each cut to 256 bytes. What could be a secret, the query and cookies, is left
// out.
type Request struct{ Path, Origin, UserAgent, Subprotocol string }

func newRequest(r *http.Request) *Request {
	return &Request{Path: clip(r.URL.Path), Origin: clip(r.Header.Get("Origin")), UserAgent: clip(r.UserAgent())}
}

// clip copies a string's begin, so that it does not hold the request's memory.
func clip(s string) string {
	const most = 256
	return strings.Clone(strings.ToValidUTF8(s[:min(len(s), most)], "\uFFFD"))
}

// Connections returns the clients that f fits, in the order of their keys: at most limit of those behind after, and the number
// of all.
func (b *Bridge) Connections(f rows.Filter, after int64, limit int) (page []Connection, total int) {
	entries, total := b.table.Page(f, after, limit)
	for _, e := range entries {
		if c := b.clients.get(e.Key); c != nil {
			page = append(page, c.describe(e.Fields))
		}
	}
	return page, total
}

// Connection returns a client, and its last events, the oldest first. The error is ErrNoClient.
func (b *Bridge) Connection(key int64) (Connection, []observe.Trace, error) {
	c, row := b.clients.get(key), b.table.Get(key)
	if c == nil || row == nil {
		return Connection{}, nil, ErrNoClient
	}
	return c.describe(row), c.history.All(key), nil
}

func (c *client) describe(row protocol.Fields) Connection {
	state, _ := rows.TextOf(row.Get("state"))
	d := Connection{Key: c.key, State: state, Row: row, Peer: c.peer, Connected: time.UnixMicro(c.came), Last: time.UnixMicro(c.last.Load()),
		EventsWaiting: c.events.Len(), Messages: c.messages.Messages()}
	if r := c.request.Load(); r != nil {
		d.Request = *r
	}
	if c.bridge.clients.isUpgraded(c) {
		d.SendQueue, d.SendQueueBytes = c.conn.Queued()
		d.Request.Subprotocol = c.agreed.subprotocol
	}
	return d
}
