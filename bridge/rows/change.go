package rows

import "github.com/wsbridge/wsbridge/protocol"

// Step is what happens to a client in its life.
type Step int

const (
	Updated     Step = iota // only its fields change
	Created                 // its row begins, in state CONNECTING; Peer is its address
	Opened                  // it is answered 101; its row becomes OPEN
	Unreachable             // nothing can be sent to it any more, whatever its row says
	Terminated              // the same, and its row says so: REMOTE TERMINATED
	Removed                 // its row ends
)

// Change is what happens at once: to one client, or by an event that is over. The zero Change is nothing.
type Change struct {
	Key  int64 // of the client; 0: none
	Step Step
	Peer string          // ip:port
	Set  protocol.Fields // of its row, after the step

	// What an event has changed.
	Rows    protocol.RowChanges
	Globals *protocol.GlobalChanges
}

// Of returns the change of an event that is over.
func Of(done *protocol.Done) Change { return Change{Rows: done.Rows, Globals: done.Globals} }

// Apply is the one way in which rows and global variables change. All of c is seen at once, and the presence file tells of it when
// Apply returns. It reports false, and does nothing, if the client of Key has no row. removed are the clients whose rows an event has
// removed; their rows stay until they leave.
func (t *Table) Apply(c Change) (removed []int64, ok bool) {
	if c.Key == 0 && len(c.Rows) == 0 && c.Globals == nil {
		return nil, true
	}
	removed, news, ok := t.apply(&c)
	if news {
		t.presence.write(t.takeNews)
	}
	return removed, ok
}

func (t *Table) apply(c *Change) (removed []int64, news, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := len(t.news)
	if c.Key != 0 && !t.step(c) {
		return nil, false, false
	}
	removed = t.event(c)
	return removed, len(t.news) > before, true
}

func (t *Table) takeNews() []presence {
	t.mu.Lock()
	defer t.mu.Unlock()
	news := t.news
	t.news = nil
	return news
}

// step is called with mu held.
func (t *Table) step(c *Change) bool {
	if c.Step == Created {
		t.add(newRow(c.Key, c.Peer))
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
		return true
	}
	for _, f := range c.Set {
		r.fields.Set(f.Name, f.Value)
	}
	t.changed(r)
	return true
}

// event is called with mu held.
func (t *Table) event(c *Change) (removed []int64) {
	for key, change := range c.Rows {
		r := t.rows[key]
		switch {
		case r == nil: // its client left meanwhile
		case change == nil:
			removed = append(removed, key)
		default:
			change.Apply(&r.fields)
			t.changed(r)
		}
	}
	if c.Globals != nil {
		c.Globals.Apply(&t.globals)
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
	t.tell(r, presence{key: r.key})
}

// changed is called with mu held.
func (t *Table) changed(r *row) {
	r.forget()
	t.tell(r, r.presence())
}

// tell is called with mu held. It notes whether r's client is present, if that has changed.
func (t *Table) tell(r *row, now presence) {
	if now == r.told {
		return
	}
	if now.open != r.told.open {
		t.ranges = nil
		t.opened--
		if now.open {
			t.opened += 2
		}
	}
	r.told = now
	if t.presence.to != nil {
		t.news = append(t.news, now)
	}
}
