package journal

import "testing"

// The sizes of only some documents are in memory. For those of the others the store is asked.
func TestManyDocumentsWait(t *testing.T) {
	j := mustOpen(t, t.TempDir(), Options{})
	var ids []uint64
	j.mu.Lock()
	for id := range uint64(maxSizes - 5) { // as if so many waited
		j.sizes[1<<40+id] = 1
	}
	j.mu.Unlock()
	for range 10 {
		ids = append(ids, mustAccept(t, j, "some text"))
	}
	if len(j.sizes) != maxSizes {
		t.Errorf("%d sizes are in memory, want %d", len(j.sizes), maxSizes)
	}
	for i, id := range ids {
		mustBegin(t, j, id, uint64(i))
		mustBegin(t, j, id, uint64(i))
		if i%2 == 0 {
			j.Return(id)
			if err := j.Discard(id); err != nil {
				t.Error(err)
			}
			continue
		}
		j.End(id)
	}
	if s := j.Stats(); s.Documents != 0 || s.DocumentBytes != 0 || s.Begun != 0 {
		t.Errorf("got %+v", s)
	}
	mustClose(t, j)
}
