package bridge

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// The states of a row that the bridge sets; a handler may set others.
const (
	stateConnecting = `"CONNECTING"`
	stateOpen       = `"OPEN"`
	stateTerminated = `"REMOTE TERMINATED"`
)

// table is $connections: a row for each client key. Keys are 1, 2, 3, … and never used again.
type table struct {
	mu      sync.Mutex // guards the fields below and the row fields of each client
	clients map[int64]*client
	keys    []int64 // ascending
	last    int64
	sockets map[*client]struct{} // answered 101 and not closed: a client that left may still be owed messages
	// encoded and ranges are the answers of snapshot and openKeys, until a row changes.
	encoded []byte
	ranges  *string
}

// row is a client's row, guarded by the table's mutex.
type row struct {
	fields  protocol.Fields
	encoded []byte // fields as JSON; nil after a change
}

func newTable() *table {
	return &table{clients: map[int64]*client{}, sockets: map[*client]struct{}{}}
}

// add gives c its key and its row.
func (t *table) add(c *client, peer string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last++
	c.key = t.last
	c.row.fields = protocol.Fields{
		{Name: "peer_name", Value: quote(peer)},
		{Name: "state", Value: json.RawMessage(stateConnecting)},
		{Name: "buffer", Value: json.RawMessage("[]")},
		{Name: "ping_time", Value: json.RawMessage("false")},
		{Name: "pong_time", Value: json.RawMessage("false")},
	}
	t.clients[c.key] = c
	t.keys = append(t.keys, c.key)
	t.changed(c)
}

// remove takes the row away; it reports false if that has happened before.
func (t *table) remove(c *client) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.clients[c.key] != c {
		return false
	}
	delete(t.clients, c.key)
	i, _ := slices.BinarySearch(t.keys, c.key)
	t.keys = slices.Delete(t.keys, i, i+1)
	t.changed(c)
	return true
}

// set changes fields of c's row.
func (t *table) set(c *client, fields ...protocol.Field) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, f := range fields {
		c.row.fields.Set(f.Name, f.Value)
	}
	t.changed(c)
}

// open makes c's row OPEN; ready sets what c needs for it. It reports false, and does nothing, if the row is gone.
func (t *table) open(c *client, ready func()) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.clients[c.key] != c {
		return false
	}
	ready()
	t.sockets[c] = struct{}{}
	c.row.fields.Set("state", json.RawMessage(stateOpen))
	t.changed(c)
	return true
}

// hungUp forgets c's socket.
func (t *table) hungUp(c *client) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.sockets, c)
}

// connected returns the clients whose sockets are not closed, those that have left among them.
func (t *table) connected() []*client {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Collect(maps.Keys(t.sockets))
}

// apply makes an event's changes, all at once, and returns the clients whose rows it removed.
func (t *table) apply(changes protocol.RowChanges) (removed []*client) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for key, change := range changes {
		c := t.clients[key]
		switch {
		case c == nil: // it closed meanwhile
		case change == nil:
			removed = append(removed, c)
		default:
			change.Apply(&c.row.fields)
			t.changed(c)
		}
	}
	return removed
}

// changed is called with mu held.
func (t *table) changed(c *client) {
	c.row.encoded = nil
	t.encoded = nil
	t.ranges = nil
}

// get returns the client with that key, or nil.
func (t *table) get(key int64) *client {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.clients[key]
}

// all returns every client, in the order of their keys.
func (t *table) all() []*client {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.filter(func(*client) bool { return true })
}

// upgraded returns the clients with these keys that have been answered 101, and the keys that belong to none.
func (t *table) upgraded(keys []int64) (clients []*client, missing []int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, key := range keys {
		if c := t.clients[key]; c != nil && c.out != nil {
			clients = append(clients, c)
		} else {
			missing = append(missing, key)
		}
	}
	return clients, missing
}

// openClients returns the clients in state OPEN, in the order of their keys.
func (t *table) openClients() []*client {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.filter((*client).isOpen)
}

func (t *table) filter(keep func(*client) bool) []*client {
	clients := make([]*client, 0, len(t.keys))
	for _, key := range t.keys {
		if c := t.clients[key]; keep(c) {
			clients = append(clients, c)
		}
	}
	return clients
}

// isOpen is called with the table's mu held.
func (c *client) isOpen() bool {
	return c.out != nil && string(c.row.fields.Get("state")) == stateOpen
}

// snapshot returns all rows as one JSON object by client key. The bytes never change.
func (t *table) snapshot() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.encoded != nil {
		return t.encoded
	}
	b := []byte{'{'}
	for i, key := range t.keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(strconv.AppendInt(append(b, '"'), key, 10), `":`...)
		b = append(b, t.clients[key].encodedRow()...)
	}
	t.encoded = append(b, '}')
	return t.encoded
}

// ownRow returns c's row as JSON and the keys of all open clients. Neither changes any more.
func (t *table) ownRow(c *client) (row []byte, open string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return c.encodedRow(), t.openKeys()
}

func (t *table) openKeys() string {
	if t.ranges == nil {
		var keys []int64
		for _, key := range t.keys {
			if t.clients[key].isOpen() {
				keys = append(keys, key)
			}
		}
		ranges := string(protocol.AppendRanges(nil, keys))
		t.ranges = &ranges
	}
	return *t.ranges
}

// encodedRow is called with the table's mu held.
func (c *client) encodedRow() []byte {
	if c.row.encoded == nil {
		c.row.encoded, _ = c.row.fields.MarshalJSON() // names are strings: it cannot fail
	}
	return c.row.encoded
}

func quote(s string) json.RawMessage {
	b, _ := json.Marshal(s) // a string: it cannot fail
	return b
}

// microtime is a time as PHP's microtime(true) has it: seconds, a float even when whole.
func microtime(t time.Time) json.RawMessage {
	return strconv.AppendFloat(nil, float64(t.UnixMicro())/1e6, 'f', 6, 64)
}
