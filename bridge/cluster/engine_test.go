package cluster

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestNumbersAndKeysAscend(t *testing.T) {
	s := startServer(t)
	a, b := newMachine(t, s, "a").mustJoin(), newMachine(t, s, "b").mustJoin()
	if a.id.Number != 1 || b.id.Number != 2 || a.id.Epoch != 1 || a.id.Generation != b.id.Generation {
		t.Error(a.id, b.id)
	}
	if x, y, z := a.keysOrFatal(10), b.keysOrFatal(5), a.keysOrFatal(1); x != 10 || y != 15 || z != 16 {
		t.Error(x, y, z)
	}
	before := b.id
	if b.mustJoin(); b.id.Number != 2 || b.id.Epoch != 2 {
		t.Error(b.id)
	}
	if _, err := b.Beat(within(t), before, b.pulse); !errors.Is(err, ErrLapsed) {
		t.Errorf("by an epoch that has ended: %v", err)
	}
	v := b.mustBeat()
	if len(v.Members) != 2 || v.Members[0].Name != "a" || v.Members[1].Epoch != 2 || v.Leader != 2 || v.Term != 1 {
		t.Errorf("%+v", v)
	}
}

// Joining again after the answer was lost takes no second number.
func TestJoinTwice(t *testing.T) {
	s := startServer(t)
	a, b := newMachine(t, s, "a").mustJoin(), newMachine(t, s, "a").mustJoin()
	if a.id.Number != b.id.Number || b.id.Epoch != 2 {
		t.Error(a.id, b.id)
	}
}

func TestSettling(t *testing.T) {
	s := startServer(t)
	a := newMachine(t, s, "a")
	a.claim.Settle = time.Hour
	_, _, err := a.Join(within(t), a.claim)
	wantError(t, "join", err, ErrSettling)
	b := newMachine(t, s, "b") // comes from a state that is gone, and may join at once
	b.id, b.claim.Known = Identity{"7-x", 4, 9}, Marks{Machine: 5, Key: 1000, Term: 3, Offset: 99}
	b.mustJoin()
	if b.id.Number != 4 || b.id.Epoch != 10 {
		t.Error(b.id)
	}
	if v := b.mustBeat(); v.Leader != 0 || v.Settling == 0 || v.Marks.Key <= 1000 || v.Marks.Machine <= 5 || v.Marks.Term <= 3 {
		t.Errorf("%+v", v)
	}
	_, err = b.TakeKeys(within(t), b.id, 1)
	wantError(t, "keys", err, ErrSettling)
}

func TestAppendOnce(t *testing.T) {
	s := startServer(t)
	a, b := newMachine(t, s, "a").mustJoin(), newMachine(t, s, "b").mustJoin()
	binary := "\x00\xff\r\n"
	first, err := a.append(1, 0, "one", binary)
	again, err2 := a.append(1, 0, "one", binary)
	if err != nil || err2 != nil || first != again {
		t.Fatal(first, err, again, err2)
	}
	if next, err := b.append(1, 0, "three"); err != nil || next != first+2 {
		t.Fatal(next, err)
	}
	if _, err := a.append(3, 0, "four"); err != nil {
		t.Fatal(err)
	}
	_, err = a.append(1, 0, "one", binary) // was on its way for long
	wantError(t, "append", err, ErrLapsed)
	got := a.mustRead(b.offset)
	if len(got) != 4 || string(got[1].Data) != binary ||
		got[1].Number != 1 || got[1].Seq != 2 || got[1].Offset != first+1 || got[2].Number != 2 {
		t.Errorf("%+v", got)
	}
}

func TestFencing(t *testing.T) {
	s := startServer(t)
	a, b := newMachine(t, s, "a").mustJoin(), newMachine(t, s, "b").mustJoin()
	a.pulse.Lease = time.Millisecond
	term := a.lead().Term
	if _, err := a.append(1, term, "as leader"); err != nil {
		wantError(t, "append after a short lease", err, ErrLapsed)
	}
	_, err := b.append(1, term, "as another")
	wantError(t, "append of another", err, ErrNotLeader)

	var v View
	wait(t, "the lease to end", func() bool { v = b.mustBeat(); return v.Leader == b.id.Number })
	if v.Term != term+1 {
		t.Errorf("the term is %d after %d", v.Term, term)
	}
	before := b.mustRead(0)
	_, err = a.append(2, term, "by a leader that was frozen")
	wantError(t, "append", err, ErrLapsed)
	_, err = a.beat()
	wantError(t, "beat", err, ErrLapsed)
	a.mustJoin() // its epoch is a new one, but its term has ended
	_, err = a.append(3, term, "by a leader that was frozen, again")
	wantError(t, "append", err, ErrNotLeader)
	wantError(t, "expel", a.Expel(within(t), a.id, term, b.id.Number), ErrNotLeader)
	if after := b.mustRead(0); len(after) != len(before)+1 { // a has joined
		t.Errorf("%d entries after %d", len(after), len(before))
	}
	if _, err := b.append(2, v.Term, "by the leader"); err != nil {
		t.Error(err)
	}
}

// A leader that lapses and joins again before anyone else leads has lost its term, too.
func TestTermEndsWithTheMembership(t *testing.T) {
	s := startServer(t)
	a := newMachine(t, s, "a").mustJoin()
	term := a.lead().Term
	a.mustJoin()
	_, err := a.append(1, term, "x")
	wantError(t, "append", err, ErrNotLeader)
	if v := a.mustBeat(); v.Term != term+1 {
		t.Errorf("%+v", v)
	}
}

func TestExpel(t *testing.T) {
	s := startServer(t)
	a, b := newMachine(t, s, "a").mustJoin(), newMachine(t, s, "b")
	term := a.lead().Term
	b.claim.Lease = time.Millisecond
	b.mustJoin()
	wait(t, "the machine to be given up", func() bool {
		err := a.Expel(within(t), a.id, term, b.id.Number)
		if err != nil && !errors.Is(err, ErrAlive) {
			t.Fatal(err)
		}
		return err == nil
	})
	if err := a.Expel(within(t), a.id, term, b.id.Number); err != nil {
		t.Error("a second time:", err)
	}
	wantError(t, "expel itself", a.Expel(within(t), a.id, term, a.id.Number), ErrAlive)
	_, err := b.append(1, 0, "x")
	wantError(t, "append", err, ErrExpelled)
	wantError(t, "join", b.join(), ErrExpelled)
	last := a.mustRead(b.offset)
	if len(last) != 1 || last[0].Kind != Expelled || last[0].Number != b.id.Number || last[0].Term != term || last[0].Seq != b.id.Epoch {
		t.Errorf("%+v", last)
	}
	if v := a.mustBeat(); len(v.Members) != 1 || len(v.Expelled) != 1 || v.Expelled[0] != b.id.Number {
		t.Errorf("%+v", v)
	}
}

func TestResignAndLeave(t *testing.T) {
	s := startServer(t)
	a, b := newMachine(t, s, "a").mustJoin(), newMachine(t, s, "b").mustJoin()
	term := a.lead().Term
	if err := errors.Join(b.Resign(within(t), b.id), a.Resign(within(t), a.id)); err != nil {
		t.Fatal(err)
	}
	_, err := a.append(1, term, "x")
	wantError(t, "append", err, ErrNotLeader)
	if v := b.mustBeat(); v.Leader != b.id.Number || v.Term != term+1 {
		t.Errorf("%+v", v)
	}
	if err := b.Leave(within(t), b.id); err != nil {
		t.Fatal(err)
	}
	v := a.mustBeat()
	if v.Leader != a.id.Number || len(v.Members) != 1 {
		t.Errorf("%+v", v)
	}
	var kinds []byte
	for _, e := range a.mustRead(b.offset) {
		kinds = append(kinds, byte(e.Kind))
	}
	if string(kinds) != "lrlql" {
		t.Errorf("%s", kinds)
	}
	_, err = b.append(1, 0, "x")
	wantError(t, "append after leaving", err, ErrLapsed)
	wantError(t, "join after leaving", b.join(), ErrExpelled)
}

func TestTrimming(t *testing.T) {
	s := startServer(t, "--stream-node-max-entries", "10")
	a, b := newMachine(t, s, "a").mustJoin(), newMachine(t, s, "b").mustJoin()
	var last uint64
	for i := range 1000 {
		var err error
		if last, err = a.append(uint64(i+1), 0, "x"); err != nil {
			t.Fatal(err)
		}
	}
	size := func() int {
		n, err := strconv.Atoi(s.do("xlen", "{test}:log"))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	a.pulse.Read, a.pulse.MaxLog = last, 100_000
	b.pulse.Read, b.pulse.MaxLog = b.offset+500, 100_000
	a.mustBeat()
	if n := size(); n < 1000 {
		t.Errorf("%d entries, though a member has read none", n)
	}
	b.mustBeat()
	if n := size(); n < 500 || n > 520 {
		t.Errorf("%d entries, want those that a member has not read", n)
	}
	b.pulse.MaxLog = 100
	b.mustBeat()
	if n := size(); n < 100 || n > 120 {
		t.Errorf("%d entries, want the bound", n)
	}
}

// When Redis is full, machines stay members, and what they have read is trimmed; nothing is appended.
func TestFullServer(t *testing.T) {
	s := startServer(t)
	a, b := newMachine(t, s, "a").mustJoin(), newMachine(t, s, "b").mustJoin()
	term := a.lead().Term
	data := strings.Repeat("x", 100_000)
	if _, err := a.append(1, term, data); err != nil {
		t.Fatal(err)
	}
	s.do("config", "set", "maxmemory", "100kb")
	_, err := a.append(2, term, data)
	wantError(t, "append", err, ErrFull)
	if first, err := a.append(1, term, data); err != nil {
		t.Error("the batch that is there:", first, err)
	}
	b.mustBeat()
	if v := a.mustBeat(); v.Term != term {
		t.Errorf("%+v", v)
	}
	if got := a.keysOrFatal(1); got != 1 {
		t.Error(got)
	}
	newMachine(t, s, "c").mustJoin()
	s.do("config", "set", "maxmemory", "0")
	if _, err := a.append(2, term, data); err != nil {
		t.Error(err)
	}
}

func TestAnotherFormat(t *testing.T) {
	s := startServer(t)
	s.do("hset", "{test}:meta", "format", "2")
	if err := newMachine(t, s, "a").join(); err == nil || !strings.Contains(err.Error(), "format 2") {
		t.Error(err)
	}
}

func TestPrefixesAreApart(t *testing.T) {
	s := startServer(t)
	a := newMachine(t, s, "a").mustJoin()
	other := newMachine(t, s, "b")
	other.Redis = OpenRedis(mustParse(t, s.url()), "other")
	t.Cleanup(other.Close)
	if other.mustJoin(); other.id.Number != 1 || other.id.Generation == a.id.Generation {
		t.Error(other.id)
	}
}

// The library may be asked by many at once, and its connection may break at any time; a batch is in the log once all the same.
func TestBrokenConnections(t *testing.T) {
	s := startServer(t)
	p := startProxy(t, s)
	a := newMachine(t, s, "a").mustJoin()
	a.Redis = open(t, p.url())
	for i := range uint64(200) {
		if i%3 == 0 {
			p.cutAnswer()
		}
		text := fmt.Sprint(i)
		if _, err := retry(t, func() (uint64, error) { return a.append(i+1, 0, text) }); err != nil {
			t.Fatal(err)
		}
	}
	got := a.mustRead(a.offset)
	for i, e := range got {
		if string(e.Data) != fmt.Sprint(i) {
			t.Fatalf("entry %d is %s", i, e.Data)
		}
	}
	if len(got) != 200 || p.cuts.Load() < 60 {
		t.Errorf("%d entries, %d cuts", len(got), p.cuts.Load())
	}
	_, err := a.Read(context.Background(), 0, 1, time.Millisecond)
	if err != nil {
		t.Error(err)
	}
}
