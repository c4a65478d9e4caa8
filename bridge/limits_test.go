package bridge

import (
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/protocol"
)

// endings counts how clients end.
type endings struct {
	observe.Nop
	mu   sync.Mutex // guards seen
	seen []outcome.Ending
}

func (e *endings) Ended(how outcome.Ending) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.seen = append(e.seen, how)
}

func (e *endings) are(want ...outcome.Ending) func() bool {
	return func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return slices.Equal(e.seen, want)
	}
}

// closedWith reads until the server's close frame.
func closedWith(t *testing.T, conn *websocket.Conn, code int, reason string) {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(patience))
	for {
		_, _, err := conn.ReadMessage()
		if err == nil {
			continue
		}
		if closed, ok := err.(*websocket.CloseError); !ok || closed.Code != code || closed.Text != reason {
			t.Errorf("got %v", err)
		}
		return
	}
}

// open waits until that many clients are, which is a moment after they are told so, and returns them.
func (s *served) open(clients int) (all []*client) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); len(all) < clients; all = s.openClients(nil) {
		if time.Now().After(deadline) {
			s.t.Fatalf("%d of %d clients are open", len(all), clients)
		}
	}
	return all
}

// send sends an open client a message of size bytes.
func (s *served) send(c *client, size int) {
	s.t.Helper()
	if err := s.Send(c.key, true, make([]byte, size)); err != nil {
		s.t.Error(err)
	}
}

// A client over a limit is closed behind what it has said within it.
func TestFloodsEndTheirClient(t *testing.T) {
	empty, ping, pong := "\x01\x80\x00\x00\x00\x00", "\x89\x80\x00\x00\x00\x00", "\x8a\x80\x00\x00\x00\x00"
	rest := "\x00\x80\x00\x00\x00\x00"
	for name, row := range map[string]struct {
		flood  string
		events int // that still run
	}{
		"messages":        {strings.Repeat(frame, 11), 10},
		"pings":           {frame + strings.Repeat(ping, 21), 1},
		"pongs":           {frame + strings.Repeat(pong, 21), 1},
		"empty fragments": {frame + empty + strings.Repeat(rest, 20), 1},
		"empty texts":     {frame + strings.Repeat("\x81\x80\x00\x00\x00\x00", 21), 1},
	} {
		t.Run(name, func(t *testing.T) {
			seen := &endings{}
			a := &standin{handlers: map[protocol.Kind]handler{protocol.Text: nil}}
			s := serveApplication(t, a, func(c *Config) {
				c.Observer, c.MessageRate, c.MessageBurst, c.ControlRate, c.ControlBurst = seen, 1, 10, 1, 20
				if name != "messages" {
					c.MessageBurst = 100
				}
			})
			conn := s.connect()
			if _, err := conn.NetConn().Write([]byte(row.flood)); err != nil {
				t.Fatal(err)
			}
			closedWith(t, conn, 1008, "too many messages")
			eventually(t, "the client has left", seen.are(outcome.EndedFlood))
			if n := a.count("text 1 ends"); n != row.events || a.count("close 1 ends") != 1 {
				t.Errorf("%d texts were events: %q", n, a.lines())
			}
		})
	}
}

// Within the limits nothing happens: not to a message of many fragments, nor to one that ends with an empty one.
func TestFragmentsAreNoFlood(t *testing.T) {
	a := &standin{handlers: map[protocol.Kind]handler{protocol.Text: nil}}
	s := serveApplication(t, a, func(c *Config) { c.MessageRate, c.MessageBurst, c.ControlRate, c.ControlBurst = 1, 2, 1, 1 })
	conn := s.connect()
	part, last := "\x00\x81\x00\x00\x00\x00x", "\x80\x80\x00\x00\x00\x00"
	message := "\x01\x81\x00\x00\x00\x00x" + strings.Repeat(part, 1000) + last
	for range 2 {
		if _, err := conn.NetConn().Write([]byte(message)); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "both are events", func() bool { return a.count("text 1 ends") == 2 })
}

func TestIdleClientIsClosed(t *testing.T) {
	seen := &endings{}
	a := &standin{handlers: map[protocol.Kind]handler{protocol.Text: nil}}
	s := serveApplication(t, a, func(c *Config) {
		c.Observer, c.IdleTimeout, c.PingInterval = seen, 200*time.Millisecond, 10*time.Millisecond // pings keep nobody
	})
	conn := s.connect()
	closedWith(t, conn, 1008, "idle for too long")
	eventually(t, "the client has left", seen.are(outcome.EndedIdle))
	if a.count("close 1 ends") != 1 {
		t.Errorf("got %q", a.lines())
	}
}

// Neither one that is sent messages is idle, nor one whose handler takes long.
func TestWhoIsNotIdleStays(t *testing.T) {
	const limit = 400 * time.Millisecond
	proceed := make(chan struct{})
	a := blocked(proceed)
	s := serveApplication(t, a, func(c *Config) { c.IdleTimeout, c.Isolation = limit, isolation.Config{Mode: isolation.PerConnection} })
	s.connect()
	say(t, s.connect(), "takes long")
	listener := s.open(2)[0]
	for began := time.Now(); time.Since(began) < 3*limit; time.Sleep(limit / 20) {
		s.send(listener, 4)
	}
	if a.count("close 1 begins")+a.count("close 2 begins") > 0 {
		t.Errorf("a client was closed: %q", a.lines())
	}
	close(proceed)
	eventually(t, "both are idle", func() bool { return a.count("close 1 ends")+a.count("close 2 ends") == 2 })
}

// One that takes nothing for as long as a write may take ends as slow, and not as if it had hung up.
func TestWriteTimeoutCountsAsSlow(t *testing.T) {
	seen := &endings{}
	s := serveApplication(t, &standin{}, func(c *Config) { c.Observer, c.WriteTimeout = seen, 100*time.Millisecond })
	conn := s.connect()
	_ = conn.NetConn().(*net.TCPConn).SetReadBuffer(4096)
	s.send(s.open(1)[0], 16<<20)
	eventually(t, "the client has left", seen.are(outcome.EndedSlow))
}
