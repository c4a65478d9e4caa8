package bridge

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/protocol"
)

// answered sends a ping and expects its pong to be the next frame.
func answered(t *testing.T, conn *websocket.Conn) {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(patience))
	if err := conn.WriteMessage(websocket.PingMessage, []byte("read?")); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, len("\x8a\x05read?"))
	if _, err := conn.NetConn().Read(buf); err != nil || string(buf) != "\x8a\x05read?" {
		t.Fatalf("got %q, %v", buf, err)
	}
}

// While the client's events wait, pings are answered and a hang-up is noticed. What the client sent before that still runs.
func TestFullQueueHidesNeitherPingsNorAHangup(t *testing.T) {
	proceed := make(chan struct{})
	a := blocked(proceed)
	s := serveApplication(t, a, func(c *Config) { c.EventQueue, c.PongTimeout, c.PingInterval = 2, time.Second, time.Hour })
	conn := s.connect()
	c := s.clients.get(1)
	for i := range 3 { // one runs, two wait
		say(t, conn, fmt.Sprint(i))
	}
	eventually(t, "the queue is full", func() bool { return c.events.Len() == 2 })
	answered(t, conn)
	say(t, conn, "not read to its end")
	conn.Close()
	eventually(t, "the hang-up is noticed", s.present.isUnreachable(c.key))
	if a.count("text 1 begins") != 1 || a.count("close 1 begins") != 0 {
		t.Errorf("an event did not wait: %q", a.lines())
	}
	close(proceed)
	eventually(t, "the client has left", c.hasLeft)
	want := slices.Concat(slices.Repeat([]string{"text 1 begins", "text 1 ends"}, 4), []string{"close 1 begins", "close 1 ends"})
	if got := a.lines()[2:]; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// The client is not read for longer than it may be silent.
func TestFullQueueMakesNoClientSilent(t *testing.T) {
	proceed := make(chan struct{})
	a := blocked(proceed)
	const timeout = 300 * time.Millisecond
	s := serveApplication(t, a, func(c *Config) { c.EventQueue, c.PongTimeout, c.PingInterval = 1, timeout, timeout/3 })
	conn := s.connect()
	for i := range 3 {
		say(t, conn, fmt.Sprint(i))
	}
	for began := time.Now(); time.Since(began) < 3*timeout; {
		if a.watch("close 1 begins") {
			t.Fatal("the client was closed")
		}
	}
	close(proceed)
	eventually(t, "all have run", func() bool { return a.count("text 1 ends") == 3 })
}

func TestHangupIsNoticedWhileReadHandlerRuns(t *testing.T) {
	proceed := make(chan struct{})
	a := &standin{handlers: map[protocol.Kind]handler{protocol.Read: blocksFrame(proceed)}}
	s := serveApplication(t, a, nil)
	conn := s.connect()
	c := s.clients.get(1)
	if _, err := conn.NetConn().Write([]byte(frame)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the handler runs", func() bool { return a.count("read 1 begins") == 2 })
	conn.Close()
	eventually(t, "the hang-up is noticed", s.present.isUnreachable(c.key))
	close(proceed)
	eventually(t, "the client has left", c.hasLeft)
}

func TestOpenHandlerHidesNoHangup(t *testing.T) {
	proceed := make(chan struct{})
	a := &standin{handlers: map[protocol.Kind]handler{
		protocol.Open: func(context.Context, *protocol.Event, func(*protocol.Effect) error) string {
			<-proceed
			return "null"
		},
		protocol.Text: nil,
	}}
	s := serveApplication(t, a, nil)
	conn := s.connect()
	c := s.clients.get(1)
	answered(t, conn)
	say(t, conn, "runs after open")
	conn.Close()
	eventually(t, "the hang-up is noticed", s.present.isUnreachable(c.key))
	close(proceed)
	eventually(t, "the client has left", c.hasLeft)
	want := []string{"open 1 begins", "open 1 ends", "text 1 begins", "text 1 ends", "close 1 begins", "close 1 ends"}
	if got := a.lines()[2:]; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
