package socket

import (
	"errors"
	"testing"
)

func TestSendQueueIsBounded(t *testing.T) {
	ten := NewMessage(OpText, make([]byte, 10))
	for name, row := range map[string]struct {
		limit, bytes, fit int
	}{
		"in number":             {3, 1000, 3},
		"in bytes":              {100, 35, 3},
		"one may have too many": {100, 5, 1},
	} {
		q := sendQueue{limit: row.limit, bytes: row.bytes, budget: new(Budget)}
		for i := range row.fit {
			if isHead, err := q.add(ten); err != nil || isHead != (i == 0) {
				t.Errorf("%s: %d: %v, %v", name, i, isHead, err)
			}
		}
		if _, err := q.add(ten); !errors.Is(err, ErrFull) {
			t.Errorf("%s: got %v", name, err)
		}
		q.next()
		if _, err := q.add(ten); err != nil {
			t.Errorf("%s: after one is written: %v", name, err)
		}
	}
}

func TestSendQueueHoldsTheLatestPongOfMany(t *testing.T) {
	q := sendQueue{limit: 100, bytes: 1000, budget: new(Budget)}
	for i := range 10_000 {
		if _, err := q.add(NewMessage(OpPong, make([]byte, i%10))); err != nil {
			t.Fatal(err)
		}
	}
	last := q.after[len(q.after)-1]
	if len(q.after) != manyQueued || last.size != 9999%10 {
		t.Errorf("%d pongs are queued, the last has %d bytes", len(q.after), last.size)
	}
	for q.next() != nil {
	}
	if items, bytes := q.length(); items != 0 || bytes != 0 {
		t.Errorf("an empty queue has %d items of %d bytes", items, bytes)
	}
}

func TestSendQueueTakesTheEndWhenFull(t *testing.T) {
	q := sendQueue{limit: 1, bytes: 1, budget: new(Budget)}
	message, end := NewMessage(OpText, []byte("x")), NewMessage(OpClose, nil)
	if _, err := q.add(message); err != nil {
		t.Fatal(err)
	}
	if q.close(end, false) || q.close(NewMessage(OpClose, nil), false) {
		t.Error("the end is the head of a queue that is not empty")
	}
	if _, err := q.add(message); !errors.Is(err, ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
	if got := q.next(); got != end || q.next() != nil {
		t.Error("the end is not the last")
	}
}
