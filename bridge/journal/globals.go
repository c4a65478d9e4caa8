package journal

import (
	"github.com/cockroachdb/pebble/v2"

	"github.com/wsbridge/wsbridge/protocol"
)

type pendingGlobal struct {
	value   []byte
	removed bool
}

// SetGlobals says which living global variables have other values now, and which have none any more. It does not wait, and the slices may
// be used again; the values must not change.
func (j *Journal) SetGlobals(changed protocol.Fields, removed []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.usable() != nil || len(changed)+len(removed) == 0 {
		return
	}
	for _, name := range removed {
		j.setGlobal(name, pendingGlobal{removed: true})
	}
	for _, f := range changed {
		j.setGlobal(f.Name, pendingGlobal{value: f.Value})
	}
	signal(j.lateWork)
}

// setGlobal is called with mu held.
func (j *Journal) setGlobal(name string, g pendingGlobal) {
	j.globals[name] = g
	delete(j.leftNames, name)
}

func addGlobals(batch *pebble.Batch, globals map[string]pendingGlobal) {
	for name, g := range globals {
		if g.removed {
			_ = batch.Delete(nameKey(kindGlobal, name), nil)
			continue
		}
		_ = batch.Set(nameKey(kindGlobal, name), g.value, nil)
	}
}
