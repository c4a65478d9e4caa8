package bridge

import (
	"bytes"
	"context"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/sys/unix"

	"github.com/wsbridge/wsbridge/protocol"
)

// freeze stands s still.
func freeze(s *served) *Frozen { return freezeAfter(s, nil) }

// freezeAfter stands s still after the other process was told ahead.
func freezeAfter(s *served, ahead *Ahead) *Frozen {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	frozen, err := s.Freeze(ctx, 0, 0, ahead)
	if err != nil {
		s.t.Fatal(err)
	}
	return frozen
}

// duplicate returns clients' connections as another process gets them.
func duplicate(t testing.TB, some []Moving) (conns []net.Conn) {
	t.Helper()
	for _, m := range some {
		conn, err := duplicateOf(t, m)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
	}
	return conns
}

// duplicateOf fails if the client has left.
func duplicateOf(t testing.TB, m Moving) (conn net.Conn, left error) {
	t.Helper()
	left = m.Control(func(fd uintptr) {
		copied, err := unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		file := os.NewFile(uintptr(copied), "")
		defer file.Close()
		if conn, err = net.FileConn(file); err != nil {
			t.Fatal(err)
		}
	})
	return conn, left
}

// copied returns a state as another process gets it.
func copied(t testing.TB, s *State) *State {
	t.Helper()
	var b bytes.Buffer
	if err := s.Encode(&b); err != nil {
		t.Fatal(err)
	}
	again, err := DecodeState(&b)
	if err != nil {
		t.Fatal(err)
	}
	return again
}

// tellAhead has next adopt what there is, while s goes on.
func (s *served) tellAhead(next *Bridge) *Ahead {
	s.t.Helper()
	ahead := s.Ahead()
	for some := ahead.Next(2); len(some) > 0; some = ahead.Next(2) {
		var there []Moving
		var conns []net.Conn
		for _, m := range some {
			if conn, left := duplicateOf(s.t, m); left == nil {
				there, conns = append(there, m), append(conns, conn)
			}
		}
		body, err := EncodeClients(there)
		if err != nil {
			s.t.Fatal(err)
		}
		clients, err := DecodeClients(body)
		if err != nil {
			s.t.Fatal(err)
		}
		if err := next.AdoptClients(clients, conns); err != nil {
			s.t.Fatal(err)
		}
		ahead.Given(there)
	}
	var b bytes.Buffer
	if err := ahead.State().Encode(&b); err != nil {
		s.t.Fatal(err)
	}
	state, err := DecodeAhead(&b)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := next.Adopt(s.t.Context(), state); err != nil {
		s.t.Fatal(err)
	}
	return ahead
}

// handOver has another Bridge take over, which runs a.
func (s *served) handOver(a PHP, change func(*Config)) *served {
	s.t.Helper()
	next, p := newBridge(s.t, a, change)
	if err := next.Prepare(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	return s.takeOver(freezeAfter(s, s.tellAhead(next)), next, p)
}

// takeOver has next take over what is frozen.
func (s *served) takeOver(frozen *Frozen, next *Bridge, p *present) *served {
	s.t.Helper()
	if err := next.Restore(s.t.Context(), copied(s.t, frozen.State()), duplicate(s.t, frozen.Clients())); err != nil {
		s.t.Fatal(err)
	}
	file, err := s.l.(*net.TCPListener).File()
	if err != nil {
		s.t.Fatal(err)
	}
	defer file.Close()
	l, err := net.FileListener(file)
	if err != nil {
		s.t.Fatal(err)
	}
	frozen.Release()
	after := serve(s.t, next, l, p)
	s.t.Cleanup(func() { // before the end of the server, which would wait for their answers
		for _, conn := range slices.Concat(s.conns, after.conns) {
			conn.Close()
		}
	})
	select {
	case err := <-s.done:
		if err != nil || !s.HandedOver() {
			s.t.Errorf("the old server has ended with %v", err)
		}
	case <-time.After(patience):
		s.t.Fatal("the old server does not end")
	}
	if err := s.Finalize(); err != nil {
		s.t.Error(err)
	}
	return after
}

// echoes is an application that sends texts back, and to all those that begin with "all".
func echoes() *standin {
	return &standin{handlers: map[protocol.Kind]handler{
		protocol.Text: func(_ context.Context, e *protocol.Event, apply func(*protocol.Effect) error) string {
			to := protocol.Recipients{Keys: []int64{e.Client}, Open: strings.HasPrefix(string(e.Payload), "all")}
			if to.Open {
				to.Keys = nil
			}
			_ = apply(&protocol.Effect{Seq: e.Seq, Send: &protocol.Send{To: to, Payload: e.Payload}})
			return "true"
		},
		protocol.Open: returns("true"), protocol.Initialize: returns("true"), protocol.Started: returns("true"),
		protocol.Shutdown: returns("true"), protocol.Finalize: returns("true"), protocol.Fifo: returns("true"),
	}}
}

// wantText reads the next message.
func wantText(t *testing.T, conn *websocket.Conn, want string) {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(patience))
	if _, got, err := conn.ReadMessage(); err != nil || string(got) != want {
		t.Fatalf("got %q %v, want %q", got, err, want)
	}
}
