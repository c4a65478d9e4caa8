package bridge

import (
	"sync"

	"github.com/wsbridge/wsbridge/protocol"
)

// globals are the values of the application's global variables that live from event to event, as far as an event has
// changed them: until then the application's own file sets them.
type globals struct {
	mu     sync.Mutex // guards fields
	fields protocol.Fields
}

// encode returns the values of those of names that there are.
func (g *globals) encode(names []string) (e protocol.Encoded) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, name := range names {
		if value := g.fields.Get(name); value != nil {
			bytes, traits := protocol.AppendFields(nil, protocol.Fields{{Name: name, Value: value}})
			e.Add(1, bytes, traits)
		}
	}
	return e
}

func (g *globals) apply(change *protocol.GlobalChanges) {
	g.mu.Lock()
	defer g.mu.Unlock()
	change.Apply(&g.fields)
}
