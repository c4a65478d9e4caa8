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

// machine is a machine without a Member, for tests that take the steps one by one.
type machine struct {
	tb testing.TB
	*Redis
	claim  Claim
	id     Identity
	offset uint64
	pulse  Pulse
}

func newMachine(tb testing.TB, s *server, name string) *machine {
	return &machine{
		tb: tb, Redis: open(tb, s.url()), claim: Claim{Token: name + "-token", Name: name, Lease: time.Hour, Settle: time.Millisecond},
		pulse: Pulse{Candidate: true, Lease: time.Hour, MaxLog: 1000},
	}
}

// join joins, and waits until the state has settled.
func (m *machine) join() error {
	m.claim.Identity = m.id
	for {
		id, offset, err := m.Join(within(m.tb), m.claim)
		if errors.Is(err, ErrSettling) {
			time.Sleep(time.Millisecond)
			continue
		}
		if err == nil {
			m.id, m.offset = id, offset
			m.claim.Known.raise(Marks{Machine: id.Number, Offset: offset})
		}
		return err
	}
}

func (m *machine) mustJoin() *machine {
	m.tb.Helper()
	if err := m.join(); err != nil {
		m.tb.Fatal(err)
	}
	return m
}

func (m *machine) beat() (View, error) {
	v, err := m.Beat(within(m.tb), m.id, m.pulse)
	if err == nil {
		m.claim.Known.raise(v.Marks)
	}
	return v, err
}

func (m *machine) mustBeat() View {
	m.tb.Helper()
	v, err := m.beat()
	if err != nil {
		m.tb.Fatal(err)
	}
	return v
}

// lead beats until the state has settled and a leader is there.
func (m *machine) lead() View {
	m.tb.Helper()
	var v View
	wait(m.tb, "a leader", func() bool { v = m.mustBeat(); return v.Leader != 0 })
	return v
}

func (m *machine) keysOrFatal(n int) int64 {
	m.tb.Helper()
	for {
		last, err := m.TakeKeys(within(m.tb), m.id, n)
		if errors.Is(err, ErrSettling) {
			time.Sleep(time.Millisecond)
			continue
		}
		if err != nil {
			m.tb.Fatal(err)
		}
		m.claim.Known.raise(Marks{Key: last})
		return last
	}
}

func (m *machine) append(seq, term uint64, texts ...string) (uint64, error) {
	b := Batch{Seq: seq, Term: term}
	for _, text := range texts {
		b.Data = append(b.Data, []byte(text))
	}
	return m.Append(within(m.tb), m.id, b)
}

func (m *machine) mustRead(after uint64) []Entry {
	m.tb.Helper()
	entries, err := m.Read(within(m.tb), after, 1000, time.Millisecond)
	if err != nil {
		m.tb.Fatal(err)
	}
	return entries
}

func wantError(tb testing.TB, what string, err, want error) {
	tb.Helper()
	if !errors.Is(err, want) {
		tb.Errorf("%s: the error is %v, want %v", what, err, want)
	}
}

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
	got := a.mustRead(b.offset)
	if len(got) != 3 || string(got[1].Data) != binary || got[1].Number != 1 || got[1].Seq != 2 || got[1].Offset != first+1 || got[2].Number != 2 {
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

// losses are ways in which a server loses what it has answered. Each returns the server that goes on.
func losses(t *testing.T) map[string]func(*testing.T) (before, after func() *server) {
	same := func(lose func(*server), args ...string) func(*testing.T) (before, after func() *server) {
		return func(t *testing.T) (before, after func() *server) {
			s := startServer(t, args...)
			return func() *server { return s }, func() *server { lose(s); return s }
		}
	}
	restart := func(s *server) { s.kill(); s.start() }
	return map[string]func(*testing.T) (before, after func() *server){
		"killed and empty":    same(restart),
		"killed, with a file": same(restart, "--appendonly", "yes", "--appendfsync", "no"),
		"flushed":             same(func(s *server) { s.do("flushall") }),
		"an old copy": same(func(s *server) { // as of the first save
			s.kill()
			s.start()
		}, "--dbfilename", "dump"),
	}
}

func TestNothingIsGivenTwice(t *testing.T) {
	for name, of := range losses(t) {
		t.Run(name, func(t *testing.T) {
			before, after := of(t)
			s := before()
			a, b := newMachine(t, s, "a").mustJoin(), newMachine(t, s, "b").mustJoin()
			if name == "an old copy" {
				s.do("save")
			}
			keys := max(a.keysOrFatal(100), b.keysOrFatal(100))
			term := a.lead().Term
			last, err := b.append(1, 0, "x")
			if err != nil {
				t.Fatal(err)
			}
			a.mustBeat()
			after()

			_, err = retry(t, func() (View, error) { return a.beat() })
			wantError(t, "beat", err, ErrLapsed)
			_, err = retry(t, func() (uint64, error) { return b.append(2, 0, "x") })
			wantError(t, "append", err, ErrLapsed)
			_, err = b.TakeKeys(within(t), b.id, 1)
			wantError(t, "keys", err, ErrLapsed)
			c := newMachine(t, s, "c")
			b.mustJoin() // has heard less than a
			a.mustJoin()
			c.mustJoin()
			if a.id.Number != 1 || b.id.Number != 2 || c.id.Number <= 3 || a.id.Epoch != 2 || a.id.Generation != c.id.Generation {
				t.Error(a.id, b.id, c.id)
			}
			if got := c.keysOrFatal(10) - 9; got <= keys {
				t.Errorf("key %d after %d", got, keys)
			}
			if v := c.lead(); v.Term <= term {
				t.Errorf("term %d after %d", v.Term, term)
			}
			if got, err := c.append(1, 0, "x"); err != nil || got <= last+1 {
				t.Errorf("offset %d after %d, %v", got, last, err)
			}
		})
	}
}

// retry repeats a step while the server is away.
func retry[T any](tb testing.TB, step func() (T, error)) (v T, err error) {
	wait(tb, "redis", func() bool { v, err = step(); return !errors.Is(err, ErrAway) })
	return v, err
}

// A replica that lacks the last writes is promoted. What it lacks was given to machines: it may not be given again, not even before the
// machine that knows has come by.
func TestFailoverWithLostWrites(t *testing.T) {
	first := startServerAt(t, freePort(t))
	second := startServerAt(t, freePort(t))
	link := startProxy(t, first)
	second.do("replicaof", "127.0.0.1", strconv.Itoa(link.port()))
	a, b := newMachine(t, first, "a").mustJoin(), newMachine(t, first, "b").mustJoin()
	a.lead()
	b.mustBeat()
	wait(t, "the replica", func() bool {
		out, _ := second.try("hget", "{test}:meta", "generation")
		return out == a.id.Generation && strings.Contains(second.do("info", "replication"), "master_link_status:up")
	})
	if got := first.do("wait", "1", "60000"); got != "1" {
		t.Fatal(got)
	}
	link.down() // the replica gets nothing from here on
	lost := a.keysOrFatal(1000)
	late := newMachine(t, first, "late").mustJoin()
	end, err := a.append(1, 0, "x", "y", "z")
	if err != nil {
		t.Fatal(err)
	}
	first.kill()
	second.do("replicaof", "no", "one")
	if got := second.do("hget", "{test}:meta", "key"); got == strconv.FormatInt(lost, 10) {
		t.Fatal("the replica has all: there is nothing to test")
	}
	for _, m := range []*machine{a, b, late} {
		m.Redis = open(t, second.url())
	}
	_, err = b.TakeKeys(within(t), b.id, 1000) // b does not know that they were taken, and the new master does not either
	wantError(t, "keys", err, ErrLapsed)
	_, err = b.append(1, 0, "would get an offset that was given")
	wantError(t, "append", err, ErrLapsed)
	b.mustJoin()
	if got := b.keysOrFatal(1000) - 999; got <= lost {
		t.Errorf("key %d after %d", got, lost)
	}
	if got, err := b.append(1, 0, "x"); err != nil || got <= end+2 {
		t.Errorf("offset %d after %d, %v", got, end+2, err)
	}
	late.mustJoin() // nobody knew of its number, but this state began far above it
	if late.id.Number != 3 {
		t.Error(late.id)
	}
	if fresh := newMachine(t, second, "fresh").mustJoin(); fresh.id.Number <= late.id.Number {
		t.Error(fresh.id)
	}
}

// Machines that nobody waited for may have numbers that were given again in the meantime: they are told to begin anew.
func TestForgottenMachine(t *testing.T) {
	s := startServer(t)
	a, b := newMachine(t, s, "a").mustJoin(), newMachine(t, s, "b").mustJoin()
	a.keysOrFatal(100)
	b.keysOrFatal(100)
	s.do("flushall")
	fresh := newMachine(t, s, "fresh").mustJoin() // knows of none, and waits for them no longer
	fresh.keysOrFatal(1)
	wantError(t, "join", b.join(), ErrExpelled)
	b.id, b.claim.Identity, b.claim.Known = Identity{}, Identity{}, Marks{}
	if b.mustJoin(); b.id.Number != 2 || b.keysOrFatal(1) != 2 {
		t.Error(b.id)
	}
}

// A server that was set up anew and is empty knows nothing of a machine, which brings what it knows before anything is given.
func TestStateIsRaisedWhileNothingIsGiven(t *testing.T) {
	s := startServer(t)
	a := newMachine(t, s, "a").mustJoin()
	keys := a.keysOrFatal(100)
	s.do("flushall")
	fresh := newMachine(t, s, "fresh")
	fresh.claim.Settle = time.Hour
	_, _, err := fresh.Join(within(t), fresh.claim)
	wantError(t, "join", err, ErrSettling)
	a.mustJoin()
	s.do("hset", "{test}:meta", "settled", "0")
	if fresh.mustJoin(); fresh.id.Number <= a.id.Number || fresh.keysOrFatal(1) <= keys {
		t.Error(fresh.id)
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
