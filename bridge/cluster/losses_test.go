package cluster

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"
)

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
