package bridge

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/protocol"
)

// stuckLane is an echoLane that keeps events, as if one before them did not end.
type stuckLane struct {
	*echoLane
	state protocol.State

	mu    sync.Mutex // guards the fields below
	stuck bool
	kept  []protocol.Exchange
	seen  []string // what has run
}

func newStuckLane(t *testing.T) *stuckLane {
	l := &stuckLane{}
	l.echoLane = newEchoLane(t, func(e *protocol.Event) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.seen = append(l.seen, fmt.Sprint(e.Kind, " ", e.Client))
	})
	return l
}

func (l *stuckLane) Start(ctx context.Context, s protocol.State) error {
	l.state = s
	return l.echoLane.Start(ctx, s)
}

func (l *stuckLane) Run(x protocol.Exchange, more ...protocol.Exchange) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stuck {
		l.kept = append(append(l.kept, x), more...)
		return
	}
	l.echoLane.Run(x, more...)
}

func (l *stuckLane) Behind() []protocol.Exchange {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.kept)
}

// hold has the lane keep what it is given from now on.
func (l *stuckLane) hold() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stuck = true
}

// keeps returns a condition for eventually: it keeps n events.
func (l *stuckLane) keeps(n int) func() bool { return func() bool { return len(l.Behind()) == n } }

// goOn runs what was kept, unless asks is set and nobody waits for it, as where the worker has ended that it was sent to.
func (l *stuckLane) goOn(asks bool) {
	l.state.GoesOn()
	l.mu.Lock()
	kept := l.kept
	l.stuck, l.kept = false, nil
	l.mu.Unlock()
	for _, x := range kept {
		if asks && x.IsAbandoned() {
			x.Drop()
		} else {
			l.Run(x)
		}
	}
}

func (l *stuckLane) ran(what string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Contains(l.seen, what)
}

// handshakes sends a handshake and does not wait for the answer.
func (s *served) handshakes() net.Conn {
	s.t.Helper()
	conn := s.dial()
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", s.address)
	return conn
}

// heldUp serves clients of whom the second's handshake and a text of the first wait in the lane, which is held up.
func heldUp(t *testing.T, lane *stuckLane, wait time.Duration) (s *served, first *websocket.Conn, second <-chan *http.Response) {
	t.Helper()
	s = serveApplication(t, &standin{handlers: map[protocol.Kind]handler{protocol.Open: nil, protocol.Text: nil}}, func(c *Config) { c.Lane, c.QueueWait = lane, wait })
	first = s.connect()
	eventually(t, "the open event has run", func() bool { return lane.ran("open 1") && s.uncommitted.Load() == 0 })
	lane.hold()
	say(t, first, "hello")
	eventually(t, "the text waits", lane.keeps(1))
	answers := make(chan *http.Response, 1)
	go func() {
		_, response, _ := websocket.DefaultDialer.Dial("ws://"+s.address, nil)
		answers <- response
	}()
	eventually(t, "the handshake waits", lane.keeps(3))
	lane.state.HeldUp(time.Now())
	return s, first, answers
}

// turnedAway wants the clients of heldUp to be told to come again, and a third one, too.
func turnedAway(t *testing.T, s *served, lane *stuckLane, first *websocket.Conn, second <-chan *http.Response) {
	t.Helper()
	for _, r := range []*http.Response{<-second, s.refusedHandshake()} {
		if r == nil || r.StatusCode != http.StatusServiceUnavailable || r.Header.Get("Retry-After") == "" {
			t.Errorf("handshake: got %v", r)
		}
	}
	first.SetReadDeadline(time.Now().Add(patience))
	if _, _, err := first.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseTryAgainLater) {
		t.Errorf("text: got %v", err)
	}
	if n := len(lane.Behind()); n != 3 {
		t.Errorf("the lane was given %d events, want 3", n)
	}
	if err := s.Ready(t.Context()); !errors.Is(err, ErrStuck) {
		t.Errorf("readiness: got %v", err)
	}
}

func TestHeldLaneDropsWhatWasGivenUp(t *testing.T) {
	lane := newStuckLane(t)
	s, first, second := heldUp(t, lane, 300*time.Millisecond)
	turnedAway(t, s, lane, first, second)
	lane.goOn(true)
	eventually(t, "the clients have left", func() bool { return s.clients.count() == 0 })
	if !lane.ran("close 1") || lane.ran("text 1") || lane.ran("authenticate 2") || lane.ran("open 2") || lane.ran("close 2") {
		t.Errorf("got %q", lane.seen)
	}
	if err := s.Ready(t.Context()); err != nil {
		t.Errorf("readiness: got %v", err)
	}
	s.connect()
	if n := s.totals.running.Load(); n < 0 {
		t.Errorf("%d events run", n)
	}
}

// What cannot be taken back runs for clients that have left.
func TestHeldLaneRunsWhatWasGivenUp(t *testing.T) {
	lane := newStuckLane(t)
	s, first, second := heldUp(t, lane, 300*time.Millisecond)
	turnedAway(t, s, lane, first, second)
	lane.goOn(false)
	eventually(t, "the clients have left", func() bool { return s.clients.count() == 0 })
	for _, what := range []string{"text 1", "close 1", "authenticate 2", "open 2", "close 2"} {
		if !lane.ran(what) {
			t.Errorf("%s has not run: %q", what, lane.seen)
		}
	}
}

// The timer may fire in the moment in which the lane goes on. A drain must not wait for it for ever.
func TestHeldLaneThatGoesOnIsLeft(t *testing.T) {
	s := serveApplication(t, echoes(), nil)
	s.tendHeldLane()
	if s.entrance.leftBy(upkeep) != nil {
		t.Error("a drain would wait")
	}
}

func TestHeldLaneDropsAHandshakeWhoseClientHasLeft(t *testing.T) {
	lane := newStuckLane(t)
	s, _, _ := heldUp(t, lane, time.Minute)
	conn := s.handshakes()
	eventually(t, "it has a row", func() bool { return s.clients.count() == 3 })
	conn.Close()
	eventually(t, "its row has gone", func() bool { return s.clients.count() == 2 }) // it was not given to the lane
	lane.goOn(true)
	eventually(t, "the others go on", func() bool { return lane.ran("text 1") && lane.ran("open 2") })
}

func TestOperatorClosesAClientWhileTheLaneIsHeldUp(t *testing.T) {
	lane := newStuckLane(t)
	s, first, second := heldUp(t, lane, time.Minute)
	if err := s.CloseClient(1, 1008, "flood"); err != nil {
		t.Fatal(err)
	}
	first.SetReadDeadline(time.Now().Add(patience))
	if _, _, err := first.ReadMessage(); !websocket.IsCloseError(err, websocket.ClosePolicyViolation) {
		t.Errorf("got %v", err)
	}
	if err := s.CloseClient(2, 0, ""); err != nil { // its handshake waits
		t.Fatal(err)
	}
	if r := <-second; r == nil || r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("handshake: got %v", r)
	}
	if lane.ran("close 1") {
		t.Error("its close handlers have run")
	}
	lane.goOn(false)
	eventually(t, "the clients have left", func() bool { return s.clients.count() == 0 })
	if !lane.ran("text 1") || !lane.ran("close 1") || !lane.ran("close 2") {
		t.Errorf("got %q", lane.seen)
	}
}

// A client that has hung up while its handshake waited in the lane is not authenticated by another worker.
func TestHandshakeOfAClientThatHungUpInTheLane(t *testing.T) {
	lane := newStuckLane(t)
	s := serveApplication(t, &standin{handlers: map[protocol.Kind]handler{protocol.Open: nil}}, func(c *Config) { c.Lane = lane })
	lane.hold()
	conn := s.handshakes()
	eventually(t, "the handshake waits", lane.keeps(2))
	conn.Close()
	lane.state.HeldUp(time.Now())
	eventually(t, "it has hung up", lane.Behind()[0].(*laneEvent).handshake.conn.HungUp)
	lane.goOn(true)
	eventually(t, "its row has gone", func() bool { return s.clients.count() == 0 })
	if lane.ran("authenticate 1") {
		t.Error("it was authenticated")
	}
}
