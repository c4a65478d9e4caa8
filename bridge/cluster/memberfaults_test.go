package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"
)

// Redis restarts, with what it has written or empty: all join again, under their numbers, and nothing is given twice.
func TestServerRestarts(t *testing.T) {
	for name, args := range map[string][]string{"empty": nil, "with a file": {"--appendonly", "yes", "--appendfsync", "no"}} {
		t.Run(name, func(t *testing.T) {
			s := startServer(t, args...)
			o := Options{Lease: 10 * time.Second, Settle: 100 * time.Millisecond}
			all := []*follower{follow(t, s.url(), o), follow(t, s.url(), o), follow(t, s.url(), o)}
			keys := map[int64]bool{}
			for range 3 {
				for _, f := range all {
					key := f.mustKey()
					if keys[key] {
						t.Fatalf("key %d is there twice", key)
					}
					keys[key] = true
				}
			}
			term := leaderOf(t, all...).Leads()
			before := make([]Identity, len(all))
			for i, f := range all {
				before[i] = f.Identity()
			}
			for round := range 2 {
				s.kill()
				s.start()
				for i, f := range all {
					was := before[i]
					wait(t, "the machine to join again", func() bool { before[i] = f.Identity(); return before[i].Generation != was.Generation })
					if before[i].Number != was.Number || before[i].Epoch <= was.Epoch {
						t.Errorf("%v has become %v", was, before[i])
					}
				}
				leads := leaderOf(t, all...)
				if leads.Leads() <= term {
					t.Errorf("term %d after %d", leads.Leads(), term)
				}
				term = leads.Leads()
				text := fmt.Sprint("round ", round)
				if _, err := leads.AppendAs(within(t), term, []byte(text)); err != nil {
					t.Fatal(err)
				}
				for _, f := range all {
					wait(t, "the entry", func() bool { return slices.Contains(f.data(), text) })
					if f.resynced() <= round {
						t.Errorf("%d was not told to resync", f.number())
					}
					for range 2 * defaultKeyBlock { // what it holds, and more
						key := f.mustKey()
						if keys[key] {
							t.Fatalf("key %d is there twice", key)
						}
						keys[key] = true
					}
				}
			}
		})
	}
}

// A machine that is cut off knows by itself that its lease has ended. The others give it up, and its way back is closed.
func TestCutOff(t *testing.T) {
	s := startServer(t)
	p := startProxy(t, s)
	o := Options{Lease: 2 * time.Second}
	lone, a, b := follow(t, p.url(), o), follow(t, s.url(), o), follow(t, s.url(), o)
	leaderOf(t, lone, a, b)
	number := lone.number()
	lone.mustAppend("before")
	outcome := make(chan error, 1)
	p.down()
	go func() {
		_, err := lone.Append(context.Background(), []byte("into the hole"))
		outcome <- err
	}()
	wait(t, "it to know", func() bool { return !lone.Held() })
	if lone.Leads() != 0 {
		t.Error("it still leads")
	}
	wait(t, "the others to give it up", func() bool {
		leads := leaderOf(t, a, b)
		err := leads.Expel(within(t), leads.Leads(), number)
		if err != nil && !errors.Is(err, ErrAlive) && !errors.Is(err, ErrNotLeader) && !errors.Is(err, ErrLapsed) {
			t.Fatal(err)
		}
		return err == nil
	})
	p.up()
	wait(t, "it to be told", func() bool { return lone.Err() == ErrExpelled })
	if err := <-outcome; !errors.Is(err, ErrExpelled) && !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	a.mustAppend("after")
	wait(t, "the entry", func() bool { return slices.Contains(b.data(), "after") })
	if slices.Contains(b.data(), "into the hole") {
		t.Error("it has appended")
	}
	lone.close()
	if again := follow(t, p.url(), o); again.number() <= number {
		t.Error(again.number())
	}
}

// A cut that is shorter than the lease costs nothing.
func TestShortCut(t *testing.T) {
	s := startServer(t)
	p := startProxy(t, s)
	lone, other := follow(t, p.url(), Options{}), follow(t, s.url(), Options{})
	id := lone.Identity()
	for i := range 20 {
		p.reset()
		lone.mustAppend(fmt.Sprint(i))
		if i%5 == 0 {
			p.cutAnswer()
		}
	}
	wait(t, "the entries", func() bool { return len(other.data()) == 20 })
	for i, text := range other.data() {
		if text != fmt.Sprint(i) {
			t.Errorf("%d is %s", i, text)
		}
	}
	if lone.Identity() != id || lone.resynced() != 0 {
		t.Error(lone.Identity(), lone.resynced())
	}
}

// Redis is frozen for longer than the leases: all know, nobody acts, and all go on.
func TestServerFrozen(t *testing.T) {
	s := startServer(t)
	o := Options{Lease: time.Second}
	all := []*follower{follow(t, s.url(), o), follow(t, s.url(), o)}
	leads := leaderOf(t, all...)
	leads.mustAppend("before")
	s.signal(syscall.SIGSTOP)
	for _, f := range all {
		wait(t, "it to know", func() bool { return !f.Held() && f.Leads() == 0 })
	}
	s.signal(syscall.SIGCONT)
	leads = leaderOf(t, all...)
	wait(t, "an append", func() bool {
		_, err := leads.Append(within(t), []byte("after"))
		return err == nil
	})
	for _, f := range all {
		wait(t, "the entry", func() bool { return slices.Contains(f.data(), "after") })
	}
}

// A reader that lags more than the log keeps is told so, and goes on with what is there.
func TestLag(t *testing.T) {
	s := startServer(t, "--stream-node-max-entries", "5")
	engine := open(t, s.url())
	m, err := Start(within(t), engine, Options{Lease: patient, Settle: time.Millisecond, MaxLog: 50})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close(within(t))
	var last uint64
	for i := range 1000 {
		if last, err = m.Append(within(t), []byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
	}
	m.Poke()
	wait(t, "the log to be trimmed", func() bool { return len(s.do("xlen", "{test}:log")) < 3 })
	_, err = m.Read(within(t))
	wantError(t, "read", err, ErrResync)
	for next := uint64(0); next <= last; {
		entries, err := m.Read(within(t))
		if err != nil {
			t.Fatal(err)
		}
		if next != 0 && entries[0].Offset != next {
			t.Fatalf("%d follows on %d", entries[0].Offset, next-1)
		}
		next = entries[len(entries)-1].Offset + 1
	}
}
