package bridge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/protocol"
)

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
