package rows

import (
	"slices"

	"github.com/wsbridge/wsbridge/protocol"
)

// Entry is a row and its client's key. The values of its fields are not to be changed.
type Entry struct {
	Key    int64
	Fields protocol.Fields
}

// Page returns copies of rows that f fits: at most limit of those with keys above after. total is how many f fits.
func (t *Table) Page(f Filter, after int64, limit int) (page []Entry, total int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for r := range t.blocks.all() {
		if !f.fits(r.fields) {
			continue
		}
		total++
		if r.key > after && len(page) < limit {
			page = append(page, Entry{r.key, slices.Clone(r.fields)})
		}
	}
	return page, total
}

// Get returns a copy of a row; nil if there is no such row.
func (t *Table) Get(key int64) protocol.Fields {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r := t.rows[key]; r != nil {
		return slices.Clone(r.fields)
	}
	return nil
}
