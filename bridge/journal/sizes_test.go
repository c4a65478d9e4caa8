package journal

import (
	"math"
	"slices"
	"testing"
	"time"
)

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

// TestDocumentsAreReadTogether: in order, without those that have begun, and no more than are asked for.
func TestDocumentsAreReadTogether(t *testing.T) {
	j := mustOpen(t, t.TempDir(), Options{Sync: time.Hour})
	e, err := j.Enter(true, Document{Payload: []byte("one")}, Document{Payload: []byte("two")}, Document{}, Document{Payload: []byte("four")})
	if err != nil || e.Len != 4 {
		t.Fatal(e, err)
	}
	j.Hurry(e.First)
	if err := e.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	id := mustAccept(t, j, "five")
	mustBegin(t, j, e.First+1, 1)
	for _, row := range []struct {
		after, before uint64
		n             int
		size          int64
		want          []uint64
	}{
		{0, math.MaxUint64, 10, 100, []uint64{1, 3, 4, 5}},
		{1, id, 10, 100, []uint64{3, 4}},
		{0, math.MaxUint64, 2, 100, []uint64{1, 3}},
		{0, math.MaxUint64, 10, 4, []uint64{1, 3, 4}},
		{id, math.MaxUint64, 10, 100, nil},
	} {
		documents, ids, err := j.Documents(row.after, row.before, row.n, row.size)
		if err != nil || !slices.Equal(ids, row.want) || len(documents) != len(ids) {
			t.Errorf("after %d: got %v, want %v, %v", row.after, ids, row.want, err)
		}
		for i, d := range documents {
			if want := []string{"one", "", "", "four", "five"}[ids[i]-1]; string(d.Payload) != want {
				t.Errorf("document %d is %q", ids[i], d.Payload)
			}
		}
	}
	if !(&Entry{First: id, Len: 1, journal: j, sizes: []int64{4}}).Withdraw() || len(waitingIDs(t, j)) != 3 {
		t.Errorf("%v wait", waitingIDs(t, j))
	}
}
