package rows

import (
	"sync"
	"sync/atomic"

	"github.com/wsbridge/wsbridge/protocol"
)

// Table is $connections and the global variables that live.
type Table struct {
	presence presenceWriter
	last     atomic.Int64 // the last key

	mu        sync.Mutex // guards the fields below, and every row
	rows      map[int64]*row
	blocks    blocks
	globals   protocol.Fields // only those that an event has changed: the application's file sets them until then
	ranges    *string         // the answer of OpenRanges, until who is open changes
	opened    int             // rows in state OPEN
	news      []presence      // not yet written to presence
	connected int             // rows of clients that have been answered 101
}

// New returns an empty table. It tells presence, unless that is nil, of every change; failed is called with an error of that, and must
// not call the table.
func New(presence Presence, failed func(error)) *Table {
	return &Table{presence: presenceWriter{to: presence, failed: failed}, rows: map[int64]*row{}}
}

// NewKey returns the key of a client that comes: 1, 2, 3, …, none of them twice.
func (t *Table) NewKey() int64 { return t.last.Add(1) }

// All returns all rows. The bytes never change.
func (t *Table) All() protocol.Encoded {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.blocks.encode()
}

// Own returns the row of one client; it reports false if there is no such row.
func (t *Table) Own(key int64) (protocol.Encoded, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.rows[key]
	if r == nil {
		return protocol.Encoded{}, false
	}
	return r.encode(), true
}

// OpenRanges returns the keys of all open clients, as Event.Open carries them.
func (t *Table) OpenRanges() *string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ranges == nil {
		t.ranges = new(string(protocol.AppendRanges(nil, t.open(nil))))
	}
	return t.ranges
}

// Open returns the keys of the clients in state OPEN whose rows f fits, ascending. A client is open once it has been answered 101, as
// long as its row says so.
func (t *Table) Open(f Filter) []int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.open(f)
}

func (t *Table) open(f Filter) []int64 {
	keys := make([]int64, 0, t.opened)
	for r := range t.blocks.all() {
		if r.told.open && f.fits(r.fields) {
			keys = append(keys, r.key)
		}
	}
	return keys
}

// Globals returns the values of those of names that an event has changed.
func (t *Table) Globals(names []string) (e protocol.Encoded) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, name := range names {
		if value := t.globals.Get(name); value != nil {
			bytes, traits := protocol.AppendFields(nil, protocol.Fields{{Name: name, Value: value}})
			e.Add(1, bytes, traits)
		}
	}
	return e
}

// Counts returns how many rows are in state OPEN, how many belong to clients that have not been answered 101, and how many there are.
func (t *Table) Counts() (open, connecting, all int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.opened, len(t.rows) - t.connected, len(t.rows)
}
