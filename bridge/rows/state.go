package rows

import (
	"errors"
	"fmt"

	"github.com/wsbridge/wsbridge/protocol"
)

// State is a copy of a table for another process to go on with. Its fields must not be changed. What only a resident worker can hold is not in it:
// that ends with the worker.
type State struct {
	LastKey int64      // the greatest key that was given
	Rows    []RowState // in the order of their keys
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
func (t *Table) State() State {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := State{LastKey: t.last.Load(), Rows: make([]RowState, 0, len(t.rows)), Globals: append(protocol.Fields(nil), t.globals...)}
	for r := range t.blocks.all() {
		s.Rows = append(s.Rows, RowState{r.key, append(protocol.Fields(nil), r.fields...), r.connected, r.lost})
	}
	for name := range t.first {
		s.First = append(s.First, name)
	}
	return s
}

// Restore fills an empty table. After an error, which says what is wrong with s, the table is as it was. The presence is told of all rows.
func (t *Table) Restore(s *State) error {
	if err := s.check(); err != nil {
		return err
	}
	if t.restore(s) {
		t.presence.write(t.takePending)
	}
	return nil
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
	for _, saved := range s.Rows {
		r := &row{key: saved.Key, fields: saved.Fields, connected: saved.Connected, lost: saved.Lost, published: presence{key: saved.Key}}
		t.add(r)
		if r.connected {
			t.connected++
		}
		t.changed(r)
	}
	return len(t.pending) > 0
}
