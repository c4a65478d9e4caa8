package door

import (
	"errors"
	"net/netip"
	"testing"
	"time"
)

// start is any time: a limiter knows only what it is told.
func start() time.Time { return time.Unix(1_000_000, 0) }

func enter(t *testing.T, l *Limiter) *slot {
	t.Helper()
	s, err := l.acquire()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func want(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestConnectionsInAll(t *testing.T) {
	l := NewLimiter(Limits{Connections: 2})
	first := enter(t, l)
	enter(t, l)
	_, err := l.acquire()
	want(t, "a third", err, errFull)
	first.release()
	first.release()
	enter(t, l)
	_, err = l.acquire()
	want(t, "after one has left twice", err, errFull)
	if l.Connections() != 2 {
		t.Errorf("there are %d", l.Connections())
	}
}

func TestConnectionsPerAddress(t *testing.T) {
	l := NewLimiter(Limits{PerAddress: 1, IPv6Prefix: 64})
	for _, row := range []struct {
		first, second string
		same          bool
	}{
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "::ffff:192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"2001:db8::1", "2001:db8::2:3:4:5", true},
		{"2001:db8::1", "2001:db8:0:1::1", false},
		{"fe80::1%eth0", "fe80::1%eth1", true},
	} {
		first, second := enter(t, l), enter(t, l)
		want(t, row.first, first.assign(netip.MustParseAddr(row.first), start()), nil)
		err := second.assign(netip.MustParseAddr(row.second), start())
		if got := errors.Is(err, errAddressFull); got != row.same {
			t.Errorf("%s and %s: got %v", row.first, row.second, err)
		}
		first.release()
		want(t, "after the first has left", second.assign(netip.MustParseAddr(row.second), start()), nil)
		second.release()
	}
}

func TestASlotMovesFromAddressToAddress(t *testing.T) {
	l := NewLimiter(Limits{PerAddress: 1})
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	proxy, other := enter(t, l), enter(t, l)
	want(t, "for one", proxy.assign(a, start()), nil)
	want(t, "for the same again", proxy.assign(a, start()), nil)
	want(t, "for another", proxy.assign(b, start()), nil)
	want(t, "the first address is free", other.assign(a, start()), nil)
	want(t, "back", proxy.assign(a, start()), errAddressFull)
	want(t, "what was refused holds nothing", other.assign(b, start()), nil)
	proxy.release()
	other.release()
	want(t, "one that has left", other.assign(b, start()), nil)
	l.Sweep(start())
	if len(l.addresses) != 0 {
		t.Errorf("%d addresses are still known", len(l.addresses))
	}
}

func TestRates(t *testing.T) {
	l := NewLimiter(Limits{Rate: 10, Burst: 3, RatePerAddress: 1, BurstPerAddress: 2})
	a, b, c := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("192.0.2.3")
	take := func(addr netip.Addr, now time.Time) error { return enter(t, l).assign(addr, now) }
	want(t, "first", take(a, start()), nil)
	want(t, "second", take(a, start()), nil)
	for range 10 {
		want(t, "over the address's burst", take(a, start()), errAddressRate)
	}
	want(t, "who is refused for itself takes nothing from others", take(b, start()), nil)
	want(t, "over everybody's burst", take(c, start()), errRate)
	want(t, "a second later", take(a, start().Add(time.Second)), nil)
	want(t, "one of them", take(a, start().Add(time.Second)), errAddressRate)
}

func TestAddressesAreForgotten(t *testing.T) {
	l := NewLimiter(Limits{RatePerAddress: 1, BurstPerAddress: 2})
	for i := range maxAddresses + 1000 {
		addr := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		s := enter(t, l)
		want(t, addr.String(), s.assign(addr, start()), nil)
		s.release()
		if len(l.addresses) > maxAddresses {
			t.Fatalf("%d addresses are known", len(l.addresses))
		}
	}
	known := netip.AddrFrom4([4]byte{10, 0, 0, 0})
	want(t, "one that is known", enter(t, l).assign(known, start()), nil)
	want(t, "over its burst", enter(t, l).assign(known, start()), errAddressRate)
	l.Sweep(start().Add(time.Minute))
	if len(l.addresses) != 1 { // known has connections
		t.Errorf("%d addresses are known after a minute", len(l.addresses))
	}
}

func TestNoLimits(t *testing.T) {
	l := NewLimiter(Limits{})
	for range 1000 {
		want(t, "without limits", enter(t, l).assign(netip.MustParseAddr("192.0.2.1"), start()), nil)
	}
	if len(l.addresses) != 0 {
		t.Error("addresses are kept though none counts")
	}
}

func TestLimitsCanBeChangedWhileConnectionsAreOpen(t *testing.T) {
	now := time.Now()
	a := netip.MustParseAddr("10.0.0.1")
	l := NewLimiter(Limits{Connections: 2, PerAddress: 2})
	enter := func() (*slot, error) {
		slot, err := l.acquire()
		if err != nil {
			return nil, err
		}
		if err := slot.assign(a, now); err != nil {
			slot.release()
			return nil, err
		}
		return slot, nil
	}
	for range 2 {
		if _, err := enter(); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		limits Limits
		want   error
	}{
		{Limits{Connections: 2, PerAddress: 2}, errFull},
		{Limits{Connections: 1}, errFull},
		{Limits{Connections: 9, PerAddress: 1}, errAddressFull},
		{Limits{Connections: 9, PerAddress: 9}, nil},
		{Limits{RatePerAddress: 1, BurstPerAddress: 1}, nil}, // the burst
		{Limits{RatePerAddress: 1, BurstPerAddress: 1}, errAddressRate},
		{Limits{Rate: 1, Burst: 1}, nil},
		{Limits{Rate: 1, Burst: 1}, errRate},
		{Limits{}, nil},
	} {
		l.SetLimits(tt.limits)
		if _, err := enter(); !errors.Is(err, tt.want) {
			t.Errorf("%+v: got %v, want %v", tt.limits, err, tt.want)
		}
	}
}
