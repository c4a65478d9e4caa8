package rows

import (
	"sync"
	"sync/atomic"

	"github.com/wsbridge/wsbridge/protocol"
)

// Table holds $connections and the global variables that live.
type Table struct {
	presence presenceWriter
	last     atomic.Int64 // key

	mu        sync.Mutex // guards the fields below, and every row
	rows      map[int64]*row
	blocks    blocks
	globals   protocol.Fields // that an event has changed; the others have the value that the application's file gives them
	first     map[string]bool // those of globals that no event has changed: the file would give them another value each time
	ranges    *string         // what OpenRanges returns; nil after a client has opened or left
	opened    int             // rows in state OPEN
	connected int             // rows of clients that have been answered 101
	pending   []presence      // not yet written
	feed      feed
	keeper    Keeper // nil: none
}

// New returns an empty table. It tells presence about every change, unless presence is nil, and calls failed with an error of that. Neither
// may call the table.
func New(presence Presence, failed func(error)) *Table {
	return &Table{presence: presenceWriter{to: presence, failed: failed}, rows: map[int64]*row{}}
}

// NewKey returns the key of a new client: 1, 2, 3, and so on. No key is used twice.
func (t *Table) NewKey() int64 { return t.last.Add(1) }

// All returns all rows. The returned bytes are never changed.
func (t *Table) All() protocol.Encoded {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.blocks.encode()
}

// Own returns one row. It reports false if no row has that key.
func (t *Table) Own(key int64) (protocol.Encoded, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.rows[key]
	if r == nil {
		return protocol.Encoded{}, false
	}
	return r.encode(), true
}

// IsBound reports whether a row has to stay in the process that runs all events, as long as that lives: it holds objects, which others may
// hold too, or what no other process can be given.
func (t *Table) IsBound(key int64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.rows[key]
	return r != nil && (r.bound || r.encode().Tagged)
}

// OpenRanges returns the keys of all open clients, in the form of protocol.Event.Open.
func (t *Table) OpenRanges() *string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ranges == nil {
		t.ranges = new(string(protocol.AppendRanges(nil, t.open(nil))))
	}
	return t.ranges
}

// Open returns the keys of the open clients whose rows f matches, in ascending order. A client is open from its 101 on, while the state in
// its row is OPEN.
func (t *Table) Open(f Filter) []int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.open(f)
}

func (t *Table) open(f Filter) []int64 {
	keys := make([]int64, 0, t.opened)
	for r := range t.blocks.all() {
		if r.published.open && f.matches(r.fields) {
			keys = append(keys, r.key)
		}
	}
	return keys
}

// Counts returns how many clients are open, how many have not been answered 101, and how many rows there are.
func (t *Table) Counts() (open, connecting, all int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.opened, len(t.rows) - t.connected, len(t.rows)
}
