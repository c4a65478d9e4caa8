package rows

import (
	"slices"

	"github.com/wsbridge/wsbridge/protocol"
)

// Keeper keeps rows and living global variables outside of the process. Its methods are called with the table locked, in the order of the
// changes, and must neither block nor call the table. The slices that they are given are the table's again when they return; the values are never
// changed.
type Keeper interface {
	// SetRow is told all fields of a row that has changed.
	SetRow(key int64, fields protocol.Fields)
	// SetGlobals is told what has changed of the variables that events have changed.
	SetGlobals(set protocol.Fields, unset []string)
}

// KeepWith makes the table tell k what changes from now on; nil: nobody is told.
func (t *Table) KeepWith(k Keeper) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.keeper = k
}

// KeepAll tells what KeepWith was given all rows and global variables, also those that have not changed since.
func (t *Table) KeepAll() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for r := range t.blocks.all() {
		t.keepRow(r)
	}
	t.keepGlobals(&protocol.GlobalChanges{RowChange: protocol.RowChange{Set: t.globals}})
}

// keepRow is called with mu held.
func (t *Table) keepRow(r *row) {
	if t.keeper != nil {
		t.keeper.SetRow(r.key, r.fields)
	}
}

// keepGlobals is called with mu held. What the application's file gives anew in each process is not kept.
func (t *Table) keepGlobals(c *protocol.GlobalChanges) {
	if t.keeper == nil {
		return
	}
	var set protocol.Fields
	for _, f := range c.Set {
		if !t.first[f.Name] {
			set = append(set, f)
		}
	}
	if len(set)+len(c.Unset) > 0 {
		t.keeper.SetGlobals(set, c.Unset)
	}
}

// Fields returns the fields of a row, or nil if no row has that key.
func (t *Table) Fields(key int64) protocol.Fields {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.rows[key]
	if r == nil {
		return nil
	}
	return slices.Clone(r.fields)
}

// RestoreGlobals sets global variables as a process before this one has left them. last is the last key that it has given to a client. It
// must be called before any client has a row.
func (t *Table) RestoreGlobals(globals protocol.Fields, last int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.globals = slices.Clone(globals)
	t.last.Store(last)
}
