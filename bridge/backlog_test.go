package bridge

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/protocol"
)

// blocked is an application whose texts wait for the test.
func blocked(proceed chan struct{}) *standin {
	return &standin{handlers: map[protocol.Kind]handler{
		protocol.Text: func(ctx context.Context, _ *protocol.Event, _ func(*protocol.Effect) error) string {
			select {
			case <-proceed:
			case <-ctx.Done():
			}
			return "null"
		},
	}}
}

// refusedHandshake returns the answer of a handshake that must not succeed.
func (s *served) refusedHandshake() *http.Response {
	s.t.Helper()
	conn, response, err := websocket.DefaultDialer.Dial("ws://"+s.address, nil)
	if err == nil {
		conn.Close()
		s.t.Fatal("the handshake succeeded")
	}
	if response == nil {
		s.t.Fatal(err)
	}
	return response
}

// waiting reports whether so many events are in the backlog.
func (s *served) waiting(n int) func() bool {
	return func() bool { events, _ := s.backlog.Load(); return events == n }
}

func TestWhoBringsMoreThanThereIsRoomForIsTurnedAway(t *testing.T) {
	proceed := make(chan struct{})
	a := blocked(proceed)
	s := serveApplication(t, a, func(c *Config) { c.EventQueueTotal = 3 })
	first, second := s.connect(), s.connect()
	eventually(t, "nothing waits", s.waiting(0))
	for i := range 3 {
		say(t, first, fmt.Sprint(i))
	}
	eventually(t, "three events wait", s.waiting(3))
	say(t, second, "one more")
	eventually(t, "the client is closed", s.clients.get(2).hasEnded)
	if response := s.refusedHandshake(); response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" {
		t.Errorf("handshake: got %s, %v", response.Status, response.Header)
	}
	close(proceed)
	if _, _, err := second.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseTryAgainLater) {
		t.Errorf("client: got %v", err)
	}
	eventually(t, "the others have run", func() bool { return a.count("text 1 ends") == 3 })
	eventually(t, "there is room again", s.waiting(0))
	if a.count("text 2 begins") != 0 || a.count("close 2 ends") != 1 {
		t.Errorf("got %q", a.lines())
	}
	s.connect()
}

// What was dropped, or never ran, does not stay in the backlog.
func TestBacklogIsEmptyWhenAllHaveLeft(t *testing.T) {
	proceed := make(chan struct{})
	s := serveApplication(t, blocked(proceed), nil)
	var conns []*websocket.Conn
	for range 5 {
		conns = append(conns, s.connect())
	}
	for _, conn := range conns {
		for i := range 10 {
			say(t, conn, fmt.Sprint(i))
		}
		conn.Close()
	}
	eventually(t, "events wait", func() bool { events, _ := s.backlog.Load(); return events > 5 })
	close(proceed)
	s.drained()
	if events, size := s.backlog.Load(); events != 0 || size != 0 {
		t.Errorf("%d events and %d bytes are left", events, size)
	}
}

// Those that waited for php-fpm come to it as its workers get free, in the order of each client.
func TestEventsThatWaitedDoNotMeetPHPAtOnce(t *testing.T) {
	const clients, texts, parallel = 20, 3, 4
	var down atomic.Bool
	var inside, most atomic.Int32
	a := &standin{down: down.Load}
	a.handlers = map[protocol.Kind]handler{
		protocol.Text: func(context.Context, *protocol.Event, func(*protocol.Effect) error) string {
			now := inside.Add(1)
			defer inside.Add(-1)
			for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
			}
			return "null"
		},
	}
	s := serveApplication(t, a, func(c *Config) { c.Isolation, c.Parallel = isolation.Config{Mode: isolation.PerConnection}, parallel })
	var conns []*websocket.Conn
	for range clients {
		conns = append(conns, s.connect())
	}
	down.Store(true)
	for _, conn := range conns {
		for i := range texts {
			say(t, conn, fmt.Sprint(i))
		}
	}
	eventually(t, "all wait", s.waiting(clients*texts))
	down.Store(false)
	eventually(t, "all have run", func() bool {
		return !slices.ContainsFunc(s.clients.all(), func(c *client) bool { return a.count(fmt.Sprintf("text %d ends", c.key)) != texts })
	})
	if n := most.Load(); n > parallel {
		t.Errorf("%d at a time", n)
	}
}

// Handshakes that were refused together are not told to come back together.
func TestRefusedHandshakesComeBackOneAfterTheOther(t *testing.T) {
	s := serveApplication(t, &standin{down: func() bool { return true }}, nil)
	seen := map[int]bool{}
	for range 40 {
		seconds, err := strconv.Atoi(s.refusedHandshake().Header.Get("Retry-After"))
		if err != nil || seconds < 2 || seconds > 10 {
			t.Fatalf("got %d, %v", seconds, err)
		}
		seen[seconds] = true
	}
	if len(seen) < 2 {
		t.Errorf("all got %v", seen)
	}
}

// Where PHP is asked about each read, there may be no room for the bytes of the handshake themselves.
func TestHandshakeWithoutRoomForItsReadIsRefused(t *testing.T) {
	proceed := make(chan struct{})
	a := &standin{handlers: map[protocol.Kind]handler{
		protocol.Read: func(_ context.Context, e *protocol.Event, _ func(*protocol.Effect) error) string {
			if len(e.Payload) == len(frame) {
				<-proceed
			}
			return `"pass"`
		},
	}}
	s := serveApplication(t, a, func(c *Config) { c.EventQueueTotal = 1 })
	defer close(proceed)
	conn := s.connect()
	eventually(t, "the handshake has given its room back", s.waiting(0))
	if _, err := conn.NetConn().Write([]byte(frame)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the handler runs", func() bool { return a.count("read 1 begins") == 2 })
	if response := s.refusedHandshake(); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("got %s", response.Status)
	}
	if a.count("read 2 begins")+a.count("authenticate 2 begins") > 0 {
		t.Errorf("got %q", a.lines())
	}
}

// A handler of another client has closed it, and no handler ran for it: nothing has failed.
func TestEventOfAClientThatLeftWhilePHPWasAwayIsNoFailure(t *testing.T) {
	var down atomic.Bool
	a := &standin{down: down.Load, handlers: map[protocol.Kind]handler{protocol.Text: nil}}
	s := serveApplication(t, a, func(c *Config) { c.Isolation.Mode = isolation.PerConnection })
	conn := s.connect()
	c := s.clients.get(1)
	down.Store(true)
	say(t, conn, "waits")
	eventually(t, "the event waits for php-fpm", s.outage.On)
	c.leave()
	eventually(t, "the event is over", s.waiting(0))
	if now := s.Totals(); now.Failed != 0 || len(s.Incidents()) != 0 || a.count("text 1 begins") != 0 {
		t.Errorf("failed %d, %+v", now.Failed, s.Incidents())
	}
}
