package journal

import (
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"
)

// TestStaysSmall: what has ended takes no room.
func TestStaysSmall(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{Sync: time.Hour, ballast: 4096})
	random := make([]byte, 4000) // cannot be compressed
	_, _ = rand.Read(random)
	payload := string(random)
	var callers sync.WaitGroup
	for range 50 {
		callers.Go(func() {
			for range 2_500 / 50 {
				id := mustAccept(t, j, payload)
				mustBegin(t, j, id, id)
				j.End(id)
			}
		})
	}
	callers.Wait()
	if s := j.Stats(); s.Documents != 0 || s.DocumentBytes != 0 || s.Begun != 0 || !s.Oldest.IsZero() {
		t.Errorf("after 2,500 documents: %+v", s)
	}
	mustClose(t, j)
	j = mustOpen(t, dir, Options{ballast: 4096})
	if size := j.Stats().DiskBytes; size > 3<<20 {
		t.Errorf("a journal without contents has %d bytes", size)
	}
}

// TestBound: the bound counts what waits, and no more.
func TestBound(t *testing.T) {
	j := mustOpen(t, t.TempDir(), Options{MaxBytes: 3 * (DocumentOverhead + 10)})
	ids := []uint64{mustAccept(t, j, "0123456789"), mustAccept(t, j, "0123456789"), mustAccept(t, j, "0123456789")}
	if _, err := j.Accept(t.Context(), Document{}); !errors.Is(err, ErrFull) {
		t.Errorf("accepted more than the bound: %v", err)
	}
	mustBegin(t, j, ids[0], 1)
	if s := j.Stats(); s.Documents != 2 || s.DocumentBytes != 2*(DocumentOverhead+10) || s.Begun != 1 || !s.Oldest.Equal(noon) {
		t.Errorf("%+v", s)
	}
	ids = append(ids, mustAccept(t, j, "0123456789"))
	if err := j.Discard(ids[1]); err != nil {
		t.Fatal(err)
	}
	if err := j.Discard(ids[1]); !errors.Is(err, ErrUnknown) {
		t.Errorf("discarded twice: %v", err)
	}
	ids = append(ids, mustAccept(t, j, ""))
	if got := waitingIDs(t, j); !slices.Equal(got, ids[2:]) {
		t.Errorf("%v wait, want %v", got, ids[2:])
	}
}

// TestADocumentLargerThanTheBound: it is accepted when no other waits, as those behind it would wait without an end otherwise.
func TestADocumentLargerThanTheBound(t *testing.T) {
	j := mustOpen(t, t.TempDir(), Options{MaxBytes: DocumentOverhead + 10})
	small := mustAccept(t, j, "small")
	large := Document{Payload: make([]byte, 1000)}
	if _, err := j.Accept(t.Context(), large); !errors.Is(err, ErrFull) {
		t.Errorf("accepted more than the bound: %v", err)
	}
	mustBegin(t, j, small, 1)
	e, err := j.Enter(false, large, large)
	if err != nil || e.Len != 1 {
		t.Fatalf("got %+v, %v", e, err)
	}
	if _, err := j.Accept(t.Context(), Document{}); !errors.Is(err, ErrFull) {
		t.Errorf("accepted more than the bound: %v", err)
	}
	mustBegin(t, j, e.First, 2)
	mustAccept(t, j, "small")
}

// TestWaitingInSteps: what ends between the steps is not returned, before and after it is written.
func TestWaitingInSteps(t *testing.T) {
	j := mustOpen(t, t.TempDir(), Options{Sync: time.Hour})
	var want []uint64
	for range 100 {
		want = append(want, mustAccept(t, j, "x"))
	}
	var got []uint64
	for {
		var after uint64
		if len(got) > 0 {
			after = got[len(got)-1]
		}
		step, err := j.Waiting(after, 7)
		if err != nil {
			t.Fatal(err)
		}
		if len(step) == 0 {
			break
		}
		for _, w := range step {
			got = append(got, w.ID)
			mustBegin(t, j, w.ID, w.ID)
			j.End(w.ID)
			if ids := waitingIDs(t, j); len(ids) > 0 && ids[0] <= w.ID {
				t.Fatalf("document %d waits after its end", ids[0])
			}
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("read %v, want %v", got, want)
	}
}

// TestUnknown: calls about what is not there.
func TestUnknown(t *testing.T) {
	j := mustOpen(t, t.TempDir(), Options{})
	_, err := j.Document(1)
	for what, err := range map[string]error{"Document": err, "Begin": j.Begin(t.Context(), 1, 1), "BeginClose": j.BeginClose(t.Context(), 1, 1), "Discard": j.Discard(1)} {
		if !errors.Is(err, ErrUnknown) {
			t.Errorf("%s returned %v", what, err)
		}
	}
	j.End(1)
	j.Settle(1)
	mustClose(t, j)
	mustClose(t, j)
	if _, err := j.Accept(t.Context(), Document{}); !errors.Is(err, ErrClosed) {
		t.Errorf("Accept returned %v after Close", err)
	}
	if _, err := j.Document(1); !errors.Is(err, ErrClosed) {
		t.Errorf("Document returned %v after Close", err)
	}
}

// TestForget: what is left stays until it is settled, over any number of crashes.
func TestForget(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{})
	mustBegin(t, j, mustAccept(t, j, "begun"), 1)
	mustOwe(t, j, aClient(1))
	mustOwe(t, j, aClient(2))
	j.SetGlobals(fields("kept", "1", "gone", "2"), nil)
	mustClose(t, j)
	j = mustOpen(t, dir, Options{})
	j.Settle(1)
	mustOwe(t, j, aClient(3))
	j.SetGlobals(fields("kept", "3"), nil)
	mustClose(t, j)
	j = mustOpen(t, dir, Options{})
	if left := j.Left(); len(left.Clients) != 2 || len(left.Begun) != 1 || len(left.Globals) != 2 {
		t.Errorf("left is %+v", left)
	}
	mustOwe(t, j, aClient(4))
	j.SetGlobals(fields("kept", "3"), nil)
	j.Forget()
	if left := j.Left(); left.Clients != nil || left.Begun != nil || left.Globals != nil || !left.Crashed {
		t.Errorf("left is %+v after Forget", left)
	}
	mustClose(t, j)
	if left := leftOf(t, dir); len(left.Clients) != 1 || left.Clients[0].Key != 4 || len(left.Begun) != 0 || len(left.Globals) != 1 || left.LastKey != 4 {
		t.Errorf("left is %+v", left)
	}
}

// TestSequence: the next process never uses a number again.
func TestSequence(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{})
	for seq := range uint64(300_000) {
		j.Reserve(seq)
	}
	mustClose(t, j)
	if left := leftOf(t, dir); left.Seq < 299_999 || left.Seq > 299_999+sequenceBlock {
		t.Errorf("left is %+v", left)
	}
}

// TestConcurrently calls everything at once, for the race detector.
func TestConcurrently(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{Sync: time.Millisecond})
	var callers sync.WaitGroup
	for n := range int64(8) {
		callers.Go(func() {
			for i := range int64(50) {
				key := n*1000 + i
				mustOwe(t, j, aClient(key))
				j.SetRow(key, fields("n", "1"))
				j.SetGlobals(fields("g", "1"), []string{"h"})
				id := mustAccept(t, j, "x")
				mustBegin(t, j, id, id)
				j.End(id)
				j.Left()
				j.Stats()
				if _, err := j.Waiting(0, 5); err != nil {
					t.Error(err)
				}
				if err := j.BeginClose(t.Context(), key, id); err != nil {
					t.Error(err)
				}
				j.Settle(key)
			}
		})
	}
	callers.Wait()
	j.Finish()
	mustClose(t, j)
	if left := leftOf(t, dir); left.Crashed || left.Clients != nil || left.Documents != 0 {
		t.Errorf("left is %+v", left)
	}
}
