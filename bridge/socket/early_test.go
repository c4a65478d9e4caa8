package socket

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"
)

// newEarly returns an Early of which limit bytes may wait, and the client's end of its connection.
func newEarly(t *testing.T, limit int, timeout time.Duration) (*Early, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.(*net.TCPConn).SetWriteBuffer(16 << 10) // the kernel holds little of what is sent
	var work sync.WaitGroup
	t.Cleanup(func() { client.Close(); conn.Close(); work.Wait() })
	_ = client.SetReadDeadline(time.Now().Add(patience))
	u := &Upgrader{Spawn: func(f func()) { work.Go(f) }, Connections: these()}
	return u.NewEarly(conn.(*net.TCPConn), &owner{}, timeout, limit), client
}

// fill sends until that fails, to a client that reads nothing.
func fill(t *testing.T, e *Early) error {
	t.Helper()
	piece := make([]byte, 1<<20)
	for range 100 {
		if err := e.Send(piece, false); err != nil {
			return err
		}
	}
	t.Fatal("the client has taken 100 MB")
	return nil
}

func TestEarlyBoundsWhatWaits(t *testing.T) {
	e, client := newEarly(t, 4<<20, time.Minute)
	if err := fill(t, e); !errors.Is(err, ErrFull) {
		t.Errorf("got %v", err)
	}
	e.Abort()
	if err := e.Send([]byte("x"), true); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
	e.Linger() // does not wait for the client
	if _, err := e.conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	client.Close()
}

func TestEarlyGivesUpAClientThatDoesNotRead(t *testing.T) {
	e, _ := newEarly(t, 4<<20, 10*time.Millisecond)
	_ = fill(t, e) // it may be given up before the rest is sent
	e.Flush()
	if !e.Ends() {
		t.Error("it goes on")
	}
}

func TestEarlyDuringAHandshake(t *testing.T) {
	e, client := newEarly(t, 100, time.Minute)
	if err := e.Send([]byte("before,"), false); err != nil || !e.Handshake() {
		t.Fatal(err)
	}
	if err := e.Send([]byte("others,"), false); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
	e.Close(nil) // the answer to the handshake closes
	if err := e.Send([]byte("own"), true); err != nil || !e.HasAnswered() || e.Ends() {
		t.Errorf("got %v", err)
	}
	finished := make(chan struct{})
	go func() { defer close(finished); e.Finish() }()
	if got, err := io.ReadAll(client); err != nil || string(got) != "before,own" {
		t.Errorf("got %q, %v", got, err)
	}
	client.Close()
	<-finished
	closed, _ := newEarly(t, 100, time.Minute)
	if closed.Close(nil); closed.Handshake() {
		t.Error("a handshake begins after the close")
	}
	none, _ := newEarly(t, 100, time.Minute)
	if !none.Handshake() || none.HasAnswered() || !errors.Is(none.Send([]byte("x"), true), ErrClosed) {
		t.Error("handlers answer after the refusal")
	}
}

func TestWhatWaitsTakesBudget(t *testing.T) {
	e, client := newEarly(t, 16<<20, time.Minute)
	sent := make([]byte, 8<<20)
	if err := e.Send(sent, false); err != nil {
		t.Fatal(err)
	}
	if got := e.upgrader.Sending.Used(); got != len(sent) {
		t.Errorf("%d bytes are held, want %d", got, len(sent))
	}
	if _, err := io.ReadFull(client, sent); err != nil {
		t.Fatal(err)
	}
	e.Flush()
	if got := e.upgrader.Sending.Used(); got != 0 {
		t.Errorf("%d bytes are held of what was written", got)
	}
}

func TestTheLargestEarlyIsEvicted(t *testing.T) {
	small, largest := newPair(t, nil), &owner{}
	u := small.upgrader
	u.Connections = these(small.Conn)
	u.Sending.SetLimit(10 << 20)
	e, _ := newEarly(t, 16<<20, time.Minute)
	e.upgrader, e.owner = u, largest
	for range 2 {
		small.send(t, large("y"))
	}
	for range 3 {
		if err := e.Send(make([]byte, 4<<20), false); err != nil {
			t.Fatal(err)
		}
	}
	e.Flush() // ends, although nobody reads
	if small.owner.evicted || !largest.evicted || !e.Ends() || !errors.Is(e.Send([]byte("x"), false), ErrClosed) {
		t.Errorf("evicted: the smaller one %v, the largest %v", small.owner.evicted, largest.evicted)
	}
	if got := u.Sending.Used(); got > 1<<20 {
		t.Errorf("%d bytes are held", got)
	}
}
