package door

import (
	"context"
	"errors"
	"net"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"
)

func TestAnotherLimiterGoesOn(t *testing.T) {
	limits := Limits{Connections: 3, PerAddress: 2, Rate: 1, Burst: 4, RatePerAddress: 1, BurstPerAddress: 3, IPv6Prefix: 64}
	before, now := NewLimiter(limits), start()
	addr := netip.MustParseAddr("192.0.2.1")
	held := enter(t, before)
	want(t, "the first", held.assign(addr, now), nil)
	brief := enter(t, before)
	want(t, "the second", brief.assign(addr, now), nil)
	brief.release()

	state := before.State(now)
	after := NewLimiter(limits)
	after.Restore(&state, now)
	client, other := net.Pipe()
	defer other.Close()
	conn := after.Inherit(client, (&Conn{slot: held}).Counted(), now)
	if after.Connections() != 1 || conn.Counted() != netip.MustParsePrefix("192.0.2.1/32") {
		t.Errorf("%d connections, for %v", after.Connections(), conn.Counted())
	}
	third := enter(t, after)
	want(t, "the third handshake of one address", third.assign(addr, now), nil)
	want(t, "a third connection", enter(t, after).assign(addr, now), errAddressFull)
	third.release()
	want(t, "a fourth handshake", enter(t, after).assign(addr, now), errAddressRate)
	if conn.Close(); after.Connections() != 2 {
		t.Errorf("%d connections after one has ended", after.Connections())
	}
}

func TestPausedListenerLeavesConnectionsToTheKernel(t *testing.T) {
	e := listen(t, Limits{}, Policy{})
	accepted := make(chan net.Conn, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := e.Accept()
			if err != nil {
				return
			}
			accepted <- conn
		}
	}()
	for range 2 {
		if err := e.Pause(t.Context()); err != nil {
			t.Fatal(err)
		}
		client, err := net.Dial("tcp", e.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		select {
		case <-accepted:
			t.Fatal("accepted in a pause")
		case <-time.After(50 * time.Millisecond):
		}
		e.Resume()
		select {
		case conn := <-accepted:
			conn.Close()
		case <-time.After(patience):
			t.Fatal("not accepted after the pause")
		}
	}
	if err := e.Pause(t.Context()); err != nil {
		t.Fatal(err)
	}
	e.Close() // ends a pause
	<-done
	if err := e.Pause(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a closed listener: got %v", err)
	}
}

func TestPauseEndsWithItsContext(t *testing.T) {
	e := listen(t, Limits{}, Policy{}) // nobody accepts
	late := errors.New("late")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(late)
	if err := e.Pause(ctx); !errors.Is(err, late) {
		t.Errorf("got %v", err)
	}
	client, err := net.Dial("tcp", e.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	conn, err := e.Accept()
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

func TestPauseNeedsADeadline(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := Listen(struct{ net.Listener }{l}, Config{}).Pause(t.Context()); !errors.Is(err, errNoDeadline) {
		t.Errorf("got %v", err)
	}
}

func TestConnectionsAreEarlyUntilTheirRequest(t *testing.T) {
	e := listen(t, Limits{}, Policy{})
	var conns []*Conn
	for range 2 {
		client, err := net.Dial("tcp", e.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		conn, err := e.Accept()
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn.(*Conn))
	}
	if n := e.Early(); n != 2 {
		t.Errorf("%d", n)
	}
	conns[0].Close()
	conns[0].Close()
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = "192.0.2.1:5"
	conns[1].Receive(r)
	if n := e.Early(); n != 0 {
		t.Errorf("%d", n)
	}
	conns[1].Close()
	if n := e.Early(); n != 0 {
		t.Errorf("%d", n)
	}
}
