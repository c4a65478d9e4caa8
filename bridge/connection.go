package bridge

import (
	"net/http"
	"strings"
	"time"

	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/bridge/rows"
	"github.com/wsbridge/wsbridge/protocol"
)

// Connection is the state of a client.
type Connection struct {
	Key       int64
	State     string          // in the row; empty if a handler has set it to something else than text
	Row       protocol.Fields // its values must not be changed
	Peer      string          // ip:port
	Connected time.Time
	Last      time.Time // when its last message came; before the first message, Connected
	Request   Request

	EventsWaiting             int
	SendQueue, SendQueueBytes int
	observe.Messages
}

// Request is what a client asked for in its handshake, each field cut to 256 bytes. The query and cookies are left out, as they may be
// secret.
type Request struct{ Path, Origin, UserAgent, Subprotocol string }

func newRequest(r *http.Request) *Request {
	return &Request{Path: clip(r.URL.Path), Origin: clip(r.Header.Get("Origin")), UserAgent: clip(r.UserAgent())}
}

// clip copies the beginning of a string, so that the request's memory can be freed.
func clip(s string) string {
	const most = 256
	return strings.Clone(strings.ToValidUTF8(s[:min(len(s), most)], "\uFFFD"))
}

// Connections returns at most limit clients whose rows f matches and whose keys are greater than after, in the order of their keys. total is
// the number of all clients that f matches.
func (b *Bridge) Connections(f rows.Filter, after int64, limit int) (page []Connection, total int) {
	entries, total := b.table.Page(f, after, limit)
	for _, e := range entries {
		if c := b.clients.get(e.Key); c != nil {
			page = append(page, c.describe(e.Fields))
		}
	}
	return page, total
}

// Connection returns a client and its last events, the oldest first. The error is ErrNoClient.
func (b *Bridge) Connection(key int64) (Connection, []observe.Trace, error) {
	c, row := b.clients.get(key), b.table.Get(key)
	if c == nil || row == nil {
		return Connection{}, nil, ErrNoClient
	}
	return c.describe(row), c.history.All(key), nil
}

func (c *client) describe(row protocol.Fields) Connection {
	state, _ := rows.TextOf(row.Get("state"))
	d := Connection{Key: c.key, State: state, Row: row, Peer: c.peer, Connected: time.UnixMicro(c.connectedAt), Last: time.UnixMicro(c.lastMessage.Load()),
		EventsWaiting: c.events.Len(), Messages: c.messages.Messages()}
	if r := c.request.Load(); r != nil {
		d.Request = *r
	}
	if c.upgraded.Load() {
		d.SendQueue, d.SendQueueBytes = c.conn.Queued()
		d.Request.Subprotocol = c.negotiated.subprotocol
	}
	return d
}
