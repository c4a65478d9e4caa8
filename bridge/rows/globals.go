package rows

import "github.com/wsbridge/wsbridge/protocol"

// Globals returns the values of the named global variables. It leaves out those that have none here.
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

// GlobalNames returns the names of the global variables that have values here.
func (t *Table) GlobalNames() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	names := make([]string, 0, len(t.globals))
	for _, f := range t.globals {
		names = append(names, f.Name)
	}
	return names
}

// HasGlobal reports whether a global variable has a value here.
func (t *Table) HasGlobal(name string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.globals.Get(name) != nil
}

// ForgetFirst forgets the values that the application's file has given to global variables and no event has changed: its code is another now.
func (t *Table) ForgetFirst() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for name := range t.first {
		t.globals.Unset(name)
	}
	t.first = nil
}

// applyGlobals is called with mu held.
func (t *Table) applyGlobals(c *protocol.GlobalChanges) {
	first := map[string]bool{} // those whose values nothing but the application's file has given
	for _, name := range c.First {
		first[name] = t.first[name] || t.globals.Get(name) == nil
	}
	c.Apply(&t.globals)
	for _, name := range c.Unset {
		delete(t.first, name)
	}
	for _, f := range c.Set {
		switch {
		case !first[f.Name]:
			delete(t.first, f.Name)
		case t.first == nil:
			t.first = map[string]bool{f.Name: true}
		default:
			t.first[f.Name] = true
		}
	}
	t.keepGlobals(c)
}
