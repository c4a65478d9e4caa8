package schedule

import "testing"

func TestBacklogBoundsNumberAndBytes(t *testing.T) {
	b := NewBacklog(3, 10)
	for _, row := range []struct {
		size int
		want bool
	}{{100, true}, {1, false}} { // one event always finds room
		if got := b.Acquire(row.size); got != row.want {
			t.Errorf("%d bytes: got %v", row.size, got)
		}
	}
	b.Release(100)
	for _, row := range []struct {
		size int
		want bool
	}{{4, true}, {7, false}, {6, true}, {0, true}, {0, false}} {
		if got := b.Acquire(row.size); got != row.want {
			t.Errorf("%d bytes: got %v", row.size, got)
		}
	}
}
