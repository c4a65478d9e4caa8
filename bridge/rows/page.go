package rows

import (
	"slices"

	"github.com/wsbridge/wsbridge/protocol"
)

// Entry is a row with its key. The values of its fields must not be changed.
type Entry struct {
	Key    int64
	Fields protocol.Fields
}

// Page returns copies of at most limit rows that f matches and whose keys are greater than after, in the order of their keys. total is the
// number of all rows that f matches.
func (t *Table) Page(f Filter, after int64, limit int) (page []Entry, total int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for r := range t.blocks.all() {
		if !f.matches(r.fields) {
			continue
		}
		total++
		if r.key > after && len(page) < limit {
			page = append(page, Entry{r.key, slices.Clone(r.fields)})
		}
	}
	return page, total
}

// Get returns a copy of a row, or nil if no row has that key.
func (t *Table) Get(key int64) protocol.Fields {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r := t.rows[key]; r != nil {
		return slices.Clone(r.fields)
	}
	return nil
}
