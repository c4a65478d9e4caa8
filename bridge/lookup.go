package bridge

import (
	"slices"

	"github.com/wsbridge/wsbridge/bridge/socket"
	"github.com/wsbridge/wsbridge/protocol"
)

// page returns clients that f fits, and copies of their rows: at most limit of those with keys above after. total is how many it
// fits.
func (t *table) page(f Filter, after int64, limit int) (clients []*client, rows []protocol.Fields, total int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for c := range t.rows.all() {
		if !f.fits(c.row.fields) {
			continue
		}
		total++
		if c.key > after && len(clients) < limit {
			clients = append(clients, c)
			rows = append(rows, slices.Clone(c.row.fields))
		}
	}
	return clients, rows, total
}

// look returns the client with that key and a copy of its row, or nil.
func (t *table) look(key int64) (*client, protocol.Fields) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.clients[key]
	if c == nil {
		return nil, nil
	}
	return c, slices.Clone(c.row.fields)
}

// socketOf returns c's WebSocket, nil before it was answered 101.
func (t *table) socketOf(c *client) *socket.Conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	return c.out
}

// counts returns how many rows are in state OPEN, how many are those of clients that have not been answered 101, and how many there
// are.
func (t *table) counts() (open, connecting, all int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.opened, t.coming, len(t.clients)
}
