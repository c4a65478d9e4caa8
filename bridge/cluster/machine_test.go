package cluster

import (
	"errors"
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
