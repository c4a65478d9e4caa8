package rows

import "github.com/wsbridge/wsbridge/protocol"

// Step is what happens to a client.
type Step int

const (
	Updated     Step = iota // only its fields change
	Created                 // it gets a row, in state CONNECTING
	Restored                // it gets the row that a process before this one has left, which Set holds; the state becomes REMOTE TERMINATED
	Opened                  // it is answered 101; the state becomes OPEN
	Unreachable             // nothing can be sent to it any more; the state stays
	Terminated              // likewise, and the state becomes REMOTE TERMINATED
	Removed                 // its row is removed
	Missed                  // the resident worker does not know its row, and is to be told again
)

// Change is a change of one client's row, or what an event has changed. The zero Change changes nothing.
type Change struct {
	Key  int64 // of the client; 0: none
	Step Step
	Peer string          // ip:port, with Created
	Told bool            // with Opened: the resident worker has made the row OPEN, and has to learn that it is so here, too
	Set  protocol.Fields // set after the step

	// What an event has changed.
	Rows    protocol.RowChanges
	Globals *protocol.GlobalChanges
	// Followed says that the event ran in the worker that Follow is for. It had seen the changes up to Seen, which Take has returned;
	// fields that have changed since keep their new values.
	Followed bool
	Seen     uint64
	Bound    []int64 // keys of rows that it gave what only the process of that worker can hold
}

// Apply makes a change. Others see all of it at once, and when Apply returns it is in the presence file. It reports false, and changes
// nothing, if there is no row with the change's key. removed are the keys of the clients whose rows an event has removed: these rows stay
// until the caller removes them.
func (t *Table) Apply(c Change) (removed []int64, ok bool) {
	if c.Key == 0 && len(c.Rows) == 0 && c.Globals == nil && !c.Followed {
		return nil, true
	}
	removed, publish, ok := t.apply(&c)
	if publish {
		t.presence.write(t.takePending)
	}
	return removed, ok
}

// apply also reports whether it has left something to publish.
func (t *Table) apply(c *Change) (removed []int64, publish, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := len(t.pending)
	if c.Key != 0 && !t.applyStep(c) {
		return nil, false, false
	}
	removed = t.applyEvent(c)
	return removed, len(t.pending) > before, true
}

func (t *Table) takePending() []presence {
	t.mu.Lock()
	defer t.mu.Unlock()
	pending := t.pending
	t.pending = nil
	return pending
}

// applyStep is called with mu held.
func (t *Table) applyStep(c *Change) bool {
	switch c.Step {
	case Created:
		t.add(newRow(c.Key, c.Peer))
	case Restored:
		t.add(&row{key: c.Key, published: presence{key: c.Key}, lost: true})
	}
	r := t.rows[c.Key]
	if r == nil {
		return false
	}
	switch c.Step {
	case Opened:
		r.connected = true
		t.connected++
		r.fields.Set("state", []byte(stateOpen))
	case Unreachable:
		r.lost = true
	case Terminated:
		r.lost = true
		r.fields.Set("state", []byte(stateTerminated))
	case Removed:
		t.remove(r)
		t.feed.step(c, nil)
		return true
	}
	for _, f := range c.Set {
		r.fields.Set(f.Name, f.Value)
	}
	if c.Step == Restored {
		r.fields.Set("state", []byte(stateTerminated))
	}
	t.feed.step(c, r)
	t.changed(r)
	return true
}

// applyEvent is called with mu held.
func (t *Table) applyEvent(c *Change) (removed []int64) {
	if c.Followed {
		t.feed.see(c.Seen)
	}
	for key, change := range c.Rows {
		r := t.rows[key]
		switch {
		case r == nil: // its client has left in the meantime
		case change == nil:
			removed = append(removed, key)
		default:
			change.Apply(&r.fields)
			if c.Followed {
				t.feed.again(key, r)
			} else {
				t.feed.event(key, change, r)
			}
			t.changed(r)
		}
	}
	for _, key := range c.Bound {
		if r := t.rows[key]; r != nil {
			r.bound = true
		}
	}
	if c.Globals != nil {
		t.applyGlobals(c.Globals)
	}
	return removed
}

func (t *Table) add(r *row) {
	t.rows[r.key] = r
	t.blocks.add(r)
}

func (t *Table) remove(r *row) {
	delete(t.rows, r.key)
	t.blocks.remove(r)
	if r.connected {
		t.connected--
	}
	t.publish(r, presence{key: r.key})
}

// changed is called with mu held.
func (t *Table) changed(r *row) {
	r.invalidate()
	t.keepRow(r)
	t.publish(r, r.presence())
}

// publish records the presence of r's client, if that has changed. It is called with mu held.
func (t *Table) publish(r *row, now presence) {
	if now == r.published {
		return
	}
	if now.open != r.published.open {
		t.ranges = nil
		if now.open {
			t.opened++
		} else {
			t.opened--
		}
	}
	r.published = now
	if t.presence.to != nil {
		t.pending = append(t.pending, now)
	}
}
