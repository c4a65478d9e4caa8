package bridge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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

func TestClientsGoOnInAnotherProcess(t *testing.T) {
	first, second := echoes(), echoes()
	before := serveApplication(t, first, nil)
	a, b := before.connect(), before.connect()
	say(t, a, "one")
	wantText(t, a, "one")
	after := before.handOver(second, nil)
	for _, conn := range []*websocket.Conn{a, b} {
		say(t, conn, "two")
		wantText(t, conn, "two")
	}
	say(t, a, "all")
	wantText(t, a, "all")
	wantText(t, b, "all")
	c := after.connect()
	say(t, c, "three")
	wantText(t, c, "three")
	eventually(t, "all is counted", func() bool {
		got := after.Totals()
		return got.Accepted == 3 && got.Open == 3 && got.Clients == 3 && got.Received == 5 && got.Sent == 6
	})
	if after.Sockets() != 3 {
		t.Errorf("%d connections", after.Sockets())
	}
	if n := second.count("text 3 begins"); n != 1 {
		t.Errorf("the new client's event ran %d times: %q", n, second.lines())
	}
	for _, kind := range []protocol.Kind{protocol.Closing, protocol.Shutdown, protocol.Finalize} {
		if slices.ContainsFunc(first.lines(), func(line string) bool { return strings.HasPrefix(line, string(kind)) }) {
			t.Errorf("the old process ran %s", kind)
		}
	}
	if n := second.count("initialize 0 begins") + second.count("started 0 begins"); n != 0 {
		t.Errorf("the new process has begun anew: %q", second.lines())
	}
	after.drained()
	for key := 1; key <= 3; key++ {
		if n := second.count(fmt.Sprintf("close %d ends", key)); n != 1 {
			t.Errorf("%d close events of client %d in %q", n, key, second.lines())
		}
	}
	a.SetReadDeadline(time.Now().Add(patience))
	if _, _, err := a.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseGoingAway) {
		t.Errorf("got %v", err)
	}
}

func TestHandOverThatIsGivenUp(t *testing.T) {
	app := echoes()
	s := serveApplication(t, app, nil)
	conn := s.connect()
	for range 3 {
		frozen := freeze(s)
		if _, err := s.Freeze(t.Context(), 0, 0, nil); !errors.Is(err, ErrHandingOver) {
			t.Errorf("a second hand-over: got %v", err)
		}
		if err := s.Send(1, false, []byte("x")); !errors.Is(err, ErrHandingOver) {
			t.Errorf("an operator: got %v", err)
		}
		say(t, conn, "hi")
		if app.watch("text 1 begins") {
			t.Fatal("an event has run in a frozen server")
		}
		frozen.Thaw()
		frozen.Release()
		wantText(t, conn, "hi")
		app.mu.Lock()
		app.journal = nil
		app.mu.Unlock()
	}
	late := s.connect()
	say(t, late, "late")
	wantText(t, late, "late")
	if s.HandedOver() {
		t.Error("it was given up")
	}
	conn.Close()
	late.Close()
	s.drained()
	if app.count("close 1 ends") != 1 || app.count("shutdown 0 ends") != 1 {
		t.Errorf("got %q", app.lines())
	}
}

func TestEventThatRunsTooLongKeepsTheServer(t *testing.T) {
	proceed := make(chan struct{})
	app := echoes()
	app.handlers[protocol.Text] = blocksUntil(proceed)
	s := serveApplication(t, app, nil)
	conn := s.connect()
	say(t, conn, "long")
	eventually(t, "the event runs", func() bool { return app.count("text 1 begins") == 1 })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := s.Freeze(ctx, 0, 0, nil)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "text of client 1, which came") {
		t.Errorf("got %v", err)
	}
	_, err = s.Freeze(t.Context(), time.Minute, 50*time.Millisecond, nil)
	if err == nil || !strings.Contains(err.Error(), "do not end within 50ms") || !strings.Contains(err.Error(), "text of client 1, which came") {
		t.Errorf("got %v", err)
	}
	close(proceed)
	say(t, conn, "again")
	eventually(t, "the next event ends", func() bool { return app.count("text 1 ends") == 2 })
	s.handOver(echoes(), nil)
}

func TestShutdownEndsAHandOverThatWaits(t *testing.T) {
	proceed := make(chan struct{})
	app := echoes()
	app.handlers[protocol.Text] = blocksUntil(proceed)
	s := serveApplication(t, app, nil)
	conn := s.connect()
	say(t, conn, "long")
	eventually(t, "the event runs", func() bool { return app.count("text 1 begins") == 1 })
	failed := make(chan error, 1)
	go func() {
		_, err := s.Freeze(t.Context(), 0, 0, nil)
		failed <- err
	}()
	eventually(t, "the hand-over has begun", s.isHandingOver)
	s.stop()
	if err := <-failed; !errors.Is(err, ErrStopping) {
		t.Errorf("got %v", err)
	}
	close(proceed)
	conn.Close()
	s.drained()
	if _, err := s.Freeze(t.Context(), 0, 0, nil); !errors.Is(err, ErrStopping) {
		t.Errorf("after the end: got %v", err)
	}
}

func TestEventsThatWaitRunInTheOtherProcess(t *testing.T) {
	first, second := echoes(), echoes()
	s := serveApplication(t, first, nil)
	a, b := s.connect(), s.connect()
	if err := s.Pause(); err != nil {
		t.Fatal(err)
	}
	for i := range 20 { // more than an event queue holds
		say(t, a, fmt.Sprint("a", i))
	}
	eventually(t, "the queue is full", func() bool { return s.clients.get(1).events.Len() == 8 })
	say(t, b, "b")
	eventually(t, "the other client's event waits", func() bool { return s.clients.get(2).events.Busy() })
	result := make(chan error, 1)
	s.Resume()
	s.Pause()
	go func() {
		_, err := s.Inject(t.Context(), []byte("{}"))
		result <- err
	}()
	if err := <-result; !errors.Is(err, ErrPaused) {
		t.Errorf("got %v", err)
	}
	after := s.handOver(second, nil)
	if !after.Paused() || second.watch("text 1 begins") {
		t.Error("the pause has ended")
	}
	after.Resume()
	for i := range 20 {
		wantText(t, a, fmt.Sprint("a", i))
	}
	wantText(t, b, "b")
	if n := first.count("text 1 begins") + second.count("text 1 begins"); n != 20 {
		t.Errorf("%d events have run", n)
	}
	eventually(t, "the backlog is empty", func() bool { n, _ := after.backlog.Load(); return n == 0 })
}

func TestClientsThatEndDuringAHandOverEndInOneProcess(t *testing.T) {
	first, second := echoes(), echoes()
	s := serveApplication(t, first, nil)
	var conns []*websocket.Conn
	for range 40 {
		conns = append(conns, s.connect())
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for _, conn := range conns[:20] {
			conn.Close()
			time.Sleep(time.Millisecond)
		}
	}()
	after := s.handOver(second, nil)
	<-ended
	eventually(t, "they have left", func() bool { return after.Clients() == 20 })
	for key := 1; key <= 20; key++ {
		line := fmt.Sprintf("close %d ends", key)
		if n := first.count(line) + second.count(line); n != 1 {
			t.Errorf("%d close events of client %d", n, key)
		}
	}
	say(t, conns[39], "there")
	wantText(t, conns[39], "there")
	if err := conns[38].WriteControl(websocket.PingMessage, []byte("p"), time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	pong := make(chan string, 1)
	conns[38].SetPongHandler(func(data string) error { pong <- data; return nil })
	go conns[38].ReadMessage()
	select {
	case data := <-pong:
		if data != "p" {
			t.Errorf("got %q", data)
		}
	case <-time.After(patience):
		t.Error("no pong")
	}
}
