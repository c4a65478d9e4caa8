package bridge

import (
	"maps"
	"slices"
	"sync"

	"github.com/wsbridge/wsbridge/protocol"
)

// table is $connections: a row for each client key. Keys are 1, 2, 3, … and never used again.
type table struct {
	presence Presence // nil: nobody asks
	broken   func(error)

	mu      sync.Mutex // guards the fields below and the row fields of each client
	clients map[int64]*client
	rows    rows
	last    int64
	sockets map[*client]struct{} // answered 101 and not closed: a client that left may still be owed messages
	ranges  *string              // the answer of openKeys, until who is open changes
	opened  int                  // clients in state OPEN
	coming  int                  // clients that have not been answered 101
}

// newTable returns an empty table. It tells presence, if that is not nil, of every change, and broken of its error.
func newTable(presence Presence, broken func(error)) *table {
	return &table{presence: presence, broken: broken, clients: map[int64]*client{}, sockets: map[*client]struct{}{}}
}

// add gives c its key and its row; ready sets what depends on the key, before anybody else finds c.
func (t *table) add(c *client, peer string, ready func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last++
	c.key = t.last
	ready()
	c.row.fields = newRow(peer)
	t.clients[c.key] = c
	t.coming++
	t.rows.add(c)
}

// remove takes the row away; it reports false if that has happened before.
func (t *table) remove(c *client) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.clients[c.key] != c {
		return false
	}
	delete(t.clients, c.key)
	if c.out == nil {
		t.coming--
	}
	t.rows.remove(c)
	t.tell(c)
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
	t.coming--
	t.sockets[c] = struct{}{}
	c.row.fields.Set("state", []byte(stateOpen))
	t.changed(c)
	return true
}

// lost notes that nothing can be sent to c any more, whatever its row says.
func (t *table) lost(c *client) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c.row.lost = true
	t.tell(c)
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
	c.row.change()
	t.tell(c)
}

// tell lets everybody know whether c is open, if that has changed. It is called with mu held, so that the news of one
// client stay in order; what is written is one byte of a file that the kernel holds in memory.
func (t *table) tell(c *client) {
	now := c.row.presence
	now.connected = t.clients[c.key] == c && c.out != nil && !c.row.lost
	now.open = c.isOpen() && t.clients[c.key] == c
	if now == c.row.presence {
		return
	}
	if now.open != c.row.presence.open {
		t.ranges = nil
		t.opened--
		if now.open {
			t.opened += 2
		}
	}
	c.row.presence = now
	if t.presence == nil {
		return
	}
	if err := t.presence.Set(c.key, now.connected, now.open); err != nil {
		t.broken(err)
	}
}

// get returns the client with that key, or nil.
func (t *table) get(key int64) *client {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.clients[key]
}

// count returns how many rows there are.
func (t *table) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.clients)
}

// all returns every client, in the order of their keys.
func (t *table) all() []*client {
	return t.filter(func(*client) bool { return true })
}

// openClients returns the clients in state OPEN, in the order of their keys.
func (t *table) openClients() []*client {
	return t.filter((*client).isOpen)
}

func (t *table) filter(keep func(*client) bool) []*client {
	t.mu.Lock()
	defer t.mu.Unlock()
	clients := make([]*client, 0, len(t.clients))
	for c := range t.rows.all() {
		if keep(c) {
			clients = append(clients, c)
		}
	}
	return clients
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

// isOpen is called with the table's mu held.
func (c *client) isOpen() bool {
	return c.out != nil && string(c.row.fields.Get("state")) == stateOpen
}

// snapshot returns all rows.
func (t *table) snapshot() protocol.Encoded {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.rows.encode()
}

// ownRow returns c's row.
func (t *table) ownRow(c *client) protocol.Encoded {
	t.mu.Lock()
	defer t.mu.Unlock()
	return c.row.encode(c.key)
}

// openKeys returns the keys of all open clients.
func (t *table) openKeys() *string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ranges == nil {
		var keys []int64
		for c := range t.rows.all() {
			if c.row.presence.open {
				keys = append(keys, c.key)
			}
		}
		t.ranges = new(string(protocol.AppendRanges(nil, keys)))
	}
	return t.ranges
}
