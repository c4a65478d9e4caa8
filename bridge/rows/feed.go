package rows

import (
	"slices"

	"github.com/wsbridge/wsbridge/protocol"
)

// feed holds the changes of rows that a resident worker has not seen, as far as wsbridge knows. It is guarded by the table's mutex.
type feed struct {
	on    bool
	ops   []op
	first uint64 // the number of ops[0]; they are numbered in order
	taken uint64 // the number of the first op that was not passed on
}

// op is a change of one row.
type op struct {
	key   int64
	isNew bool            // fields are all of the row
	gone  bool            // the row is removed
	set   protocol.Fields // fields that are set
}

// Follow returns all rows and all living global variables that events have changed. From now on Take returns what changes.
func (t *Table) Follow() (all, globals protocol.Encoded) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.feed = feed{on: true, first: t.feed.next(), taken: t.feed.next()}
	for _, r := range t.rows {
		r.bound = false // what the worker before has held is gone
	}
	if len(t.globals) > 0 {
		bytes, traits := protocol.AppendFields(nil, t.globals)
		globals.Add(len(t.globals), bytes, traits)
	}
	return t.blocks.encode(), globals
}

// Unfollow ends Follow.
func (t *Table) Unfollow() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.feed = feed{first: t.feed.next(), taken: t.feed.next()}
}

// Take returns what has changed since the last call, in the form of protocol.Event.Changes and Left, apart from changes with Seen. seen is
// the Seen of what the event changes that is told this.
func (t *Table) Take() (changes protocol.Encoded, left []int64, seen uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.take()
}

func (t *Table) take() (changes protocol.Encoded, left []int64, seen uint64) {
	f := &t.feed
	news := f.ops[f.taken-f.first:]
	f.taken = f.next()
	if len(news) == 0 {
		return changes, nil, f.taken
	}
	var all []byte
	var traits protocol.Traits
	for i, o := range news {
		var t protocol.Traits
		switch {
		case o.gone:
			all = protocol.AppendRemoved(all, i, o.key)
			left = append(left, o.key)
		case o.isNew:
			all, t = protocol.AppendNew(all, i, o.key, o.set)
		default:
			all, t = protocol.AppendSet(all, i, o.key, o.set)
		}
		traits.Join(t)
	}
	changes.Add(len(news), all, traits)
	return changes, left, f.taken
}

// next returns the number of the next op.
func (f *feed) next() uint64 { return f.first + uint64(len(f.ops)) }

func (f *feed) add(o op) {
	if f.on {
		f.ops = append(f.ops, o)
	}
}

// step notes what has happened to a client. r is its row afterwards.
func (f *feed) step(c *Change, r *row) {
	switch c.Step {
	case Created, Restored, Missed:
		f.add(op{key: c.Key, isNew: true, set: slices.Clone(r.fields)})
	case Removed:
		f.add(op{key: c.Key, gone: true})
	case Opened, Terminated:
		if c.Told {
			f.add(op{key: c.Key})
			return
		}
		f.add(op{key: c.Key, set: append(protocol.Fields{{Name: "state", Value: r.fields.Get("state")}}, c.Set...)})
	default:
		if len(c.Set) > 0 {
			f.add(op{key: c.Key, set: c.Set})
		}
	}
}

// event notes what an event has changed in a row that did not see the feed.
func (f *feed) event(key int64, change *protocol.RowChange, r *row) {
	if len(change.Unset) > 0 {
		f.add(op{key: key, isNew: true, set: slices.Clone(r.fields)})
		return
	}
	f.add(op{key: key, set: change.Set})
}

// see drops the changes that an event has seen.
func (f *feed) see(seen uint64) {
	if n := seen - f.first; seen > f.first && n <= uint64(len(f.ops)) {
		f.ops, f.first = f.ops[n:], seen
	}
}

// again sets the fields of r that have changed after an event saw the row: they are newer than what the event has changed.
func (f *feed) again(key int64, r *row) {
	for _, o := range f.ops {
		if o.key == key {
			for _, field := range o.set {
				r.fields.Set(field.Name, field.Value)
			}
		}
	}
}
