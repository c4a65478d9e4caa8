package rows

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/wsbridge/wsbridge/protocol"
)

// State is a copy of a table for another process to go on with, or with Since what has changed of one. Its fields must not be changed. What only a
// resident worker can hold is not in it: that ends with the worker.
type State struct {
	LastKey int64      // the greatest key that was given
	Rows    []RowState // in the order of their keys
	Gone    []int64    // keys of rows that are there no more, in their order
	Globals protocol.Fields
	// First are the names of those of Globals whose values the application's file has given, and no event.
	First []string
}

// RowState is the row of one client.
type RowState struct {
	Key       int64
	Fields    protocol.Fields
	Connected bool // the client has been answered 101
	Lost      bool // nothing can be sent to it any more
}

// State returns a copy of all rows and of the global variables.
func (t *Table) State() State { return t.Since(nil) }

// Since returns what has changed since before: its Rows are those that have changed or are new. nil: all. The global variables are always all.
func (t *Table) Since(before *State) State {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := State{LastKey: t.last.Load(), Globals: slices.Clone(t.globals)}
	var known []RowState
	if before == nil {
		s.Rows = make([]RowState, 0, len(t.rows))
	} else {
		known = before.Rows
	}
	for r := range t.blocks.all() {
		for len(known) > 0 && known[0].Key < r.key {
			s.Gone, known = append(s.Gone, known[0].Key), known[1:]
		}
		if len(known) > 0 && known[0].Key == r.key {
			isSame := known[0].isOf(r)
			if known = known[1:]; isSame {
				continue
			}
		}
		s.Rows = append(s.Rows, RowState{r.key, slices.Clone(r.fields), r.connected, r.lost})
	}
	for _, gone := range known {
		s.Gone = append(s.Gone, gone.Key)
	}
	s.First = slices.Sorted(maps.Keys(t.first))
	return s
}

// isOf reports whether r is as it was.
func (s *RowState) isOf(r *row) bool {
	return s.Connected == r.connected && s.Lost == r.lost && SameFields(s.Fields, r.fields)
}

// SameFields reports whether a and b have the same values in the same order.
func SameFields(a, b protocol.Fields) bool {
	return slices.EqualFunc(a, b, func(a, b protocol.Field) bool { return a.Name == b.Name && bytes.Equal(a.Value, b.Value) })
}

// Restore fills an empty table, or brings one that was filled so to what has changed since, of which a resident worker that follows is told. After
// an error, which says what is wrong with s, the table is as it was. The presence is told of all rows.
func (t *Table) Restore(s *State) error {
	if err := s.check(); err != nil {
		return err
	}
	if t.restore(s) {
		t.presence.write(t.takePending)
	}
	return nil
}

// RestoreRows is Restore for the rows and the last key alone: the global variables are as they were.
func (t *Table) RestoreRows(s *State) error {
	rows := *s
	t.mu.Lock()
	rows.Globals, rows.First = t.globals, slices.Sorted(maps.Keys(t.first))
	t.mu.Unlock()
	return t.Restore(&rows)
}

// Connected reports whether there are exactly the rows with these keys, all of clients that have been answered 101. If not, missing is a key of which
// that is not so.
func (t *Table) Connected(keys []int64) (missing int64, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, key := range keys {
		if r := t.rows[key]; r == nil || !r.connected {
			return key, false
		}
	}
	return 0, len(keys) == len(t.rows)
}

func (s *State) check() error {
	last := int64(0)
	for _, r := range s.Rows {
		if r.Key <= last || r.Key > s.LastKey {
			return fmt.Errorf("rows: a row has the key %d after %d, and the last key is %d", r.Key, last, s.LastKey)
		}
		last = r.Key
	}
	for _, name := range s.First {
		if s.Globals.Get(name) == nil {
			return errors.New("rows: the global variable " + name + " has a first value and no value")
		}
	}
	return nil
}

// restore reports whether there is something to publish.
func (t *Table) restore(s *State) (publish bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last.Store(s.LastKey)
	t.globals, t.first = s.Globals, nil
	for _, name := range s.First {
		if t.first == nil {
			t.first = map[string]bool{}
		}
		t.first[name] = true
	}
	for _, key := range s.Gone {
		if r := t.rows[key]; r != nil {
			t.remove(r)
			t.feed.add(op{key: key, gone: true})
		}
	}
	for _, saved := range s.Rows {
		t.restoreRow(&saved)
	}
	return len(t.pending) > 0
}

// restoreRow is called with mu held.
func (t *Table) restoreRow(saved *RowState) {
	r := t.rows[saved.Key]
	if r == nil {
		r = &row{key: saved.Key, published: presence{key: saved.Key}}
		t.add(r)
	} else if r.connected {
		t.connected--
	}
	r.fields, r.connected, r.lost = saved.Fields, saved.Connected, saved.Lost
	if r.connected {
		t.connected++
	}
	t.feed.add(op{key: r.key, isNew: true, set: slices.Clone(r.fields)})
	t.changed(r)
}
