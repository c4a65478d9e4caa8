package cluster

import (
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// witness is a member that reads the whole log, and keeps it from being trimmed.
type witness struct {
	*machine
	log []Entry
}

func newWitness(tb testing.TB, s *server) *witness {
	w := &witness{machine: newMachine(tb, s, "witness")}
	w.mustJoin()
	w.pulse.Candidate = false
	return w
}

// look reads what is new.
func (w *witness) look() {
	w.tb.Helper()
	for {
		after := uint64(0)
		if len(w.log) > 0 {
			after = w.log[len(w.log)-1].Offset
		}
		entries, err := retry(w.tb, func() ([]Entry, error) { return w.Read(within(w.tb), after, 1000, time.Millisecond) })
		if err != nil {
			w.tb.Fatal(err)
		}
		if len(entries) == 0 {
			return
		}
		w.log = append(w.log, entries...)
	}
}

// progress returns how many locks were given, and who leads.
func (w *witness) progress() (rounds int, leader uint64) {
	w.tb.Helper()
	w.look()
	for _, e := range w.log {
		if e.Kind == Leads {
			leader = e.Number
		}
		if e.Kind == Data && e.Term != 0 && string(e.Data[:4]) == "gave" {
			rounds++
		}
	}
	return rounds, leader
}

func (w *witness) judge(rounds, leaders int) {
	w.tb.Helper()
	w.look()
	gotRounds, gotLeaders, faults := verdict(w.log)
	w.tb.Logf("%d locks, %d leaders, %d entries", gotRounds, gotLeaders, len(w.log))
	for i, fault := range faults {
		if i == 10 {
			break
		}
		w.tb.Error(fault)
	}
	if gotRounds < rounds || gotLeaders < leaders {
		w.tb.Errorf("%d locks under %d leaders, want %d under %d", gotRounds, gotLeaders, rounds, leaders)
	}
}

// Five machines want thousands of locks, while leaders resign and all connections are broken again and again.
func TestLockRace(t *testing.T) {
	rounds := 2000
	if testing.Short() {
		rounds = 300
	}
	s := startServer(t)
	w := newWitness(t, s)
	var players sync.WaitGroup
	for range 5 {
		engine := open(t, s.url())
		m, err := Start(within(t), engine, Options{Lease: patient, Settle: time.Millisecond, MaxLog: 1 << 30})
		if err != nil {
			t.Fatal(err)
		}
		p := &player{Member: m, last: rounds}
		p.afterEach = func(round int, winner uint64) {
			if round%50 == 0 && winner == m.Identity().Number {
				_, _ = s.try("client", "kill", "type", "normal") // another may kill this one's connection
			}
			if round%10 == 0 && m.Leads() != 0 {
				_ = m.Resign(within(t)) // the connection may have just been broken
			}
		}
		players.Go(func() {
			if err := p.play(within(t)); err != nil {
				t.Error(err)
			}
			if err := m.Close(within(t)); err != nil {
				t.Log(err) // likewise
			}
		})
	}
	players.Wait()
	w.judge(rounds, rounds/30)
}

// Three machines are processes: the one that leads is frozen, and back after others have led for long. Then Redis is frozen, and in the
// end the leader is killed.
func TestLockRaceFrozen(t *testing.T) {
	s := startServer(t)
	w := newWitness(t, s)
	children := map[uint64]*child{}
	for range 3 {
		c := startChild(t, s.url())
		children[c.number] = c
	}
	// goOn waits until locks are given by another than one machine.
	goOn := func(not uint64) (leader uint64) {
		rounds, _ := w.progress()
		wait(t, "locks to be given", func() bool {
			now, leads := w.progress()
			leader = leads
			return now >= rounds+20 && leads != not
		})
		return leader
	}
	for range 4 {
		frozen := goOn(0)
		children[frozen].signal(syscall.SIGSTOP)
		goOn(frozen)
		children[frozen].signal(syscall.SIGCONT)
	}
	s.signal(syscall.SIGSTOP)
	time.Sleep(1500 * time.Millisecond) // is what the test is about: longer than the leases
	s.signal(syscall.SIGCONT)
	killed := goOn(0)
	children[killed].signal(syscall.SIGKILL)
	_ = children[killed].cmd.Wait()
	goOn(killed)
	delete(children, killed)
	for _, c := range children {
		c.stop()
	}
	w.judge(100, 6)
	if n, err := strconv.Atoi(s.do("xlen", "{test}:log")); err != nil || n != len(w.log) {
		t.Error(n, err)
	}
}
