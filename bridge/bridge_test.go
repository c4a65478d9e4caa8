package bridge

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/protocol"
)

const (
	// upgrade is the request of a handshake, and frame a text message.
	upgrade = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	frame = "\x81\x81\x00\x00\x00\x00x"
)

// The client is closed by another client's handler while its event waits for a turn.
func TestNoEventOfAClientRunsAfterItsCloseHandlers(t *testing.T) {
	for name, leave := range map[string]func(net.Conn){
		"text":  func(conn net.Conn) { conn.Write([]byte(frame)) },
		"close": func(conn net.Conn) { conn.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			proceed := make(chan struct{})
			a := &standin{handlers: map[protocol.Kind]handler{
				protocol.Text: func(_ context.Context, e *protocol.Event, apply func(*protocol.Effect) error) string {
					if e.Client == 1 {
						<-proceed
						apply(&protocol.Effect{Seq: e.Seq, Close: &protocol.Close{Client: 2, Handled: true}})
					}
					return "null"
				},
			}}
			s := serveApplication(t, a, nil)
			first, second := s.connect(), s.connect()
			say(t, first, "close the other")
			eventually(t, "the handler runs", func() bool { return a.count("text 1 begins") == 1 })
			c := s.clients.get(2)
			leave(second.NetConn())
			eventually(t, "the event waits for its turn", func() bool { return c.events.Busy() && c.events.Len() == 0 })
			close(proceed)
			s.drained()
			if a.count("text 2 begins")+a.count("close 2 begins") > 0 {
				t.Errorf("an event ran for a client that was gone: %q", a.lines())
			}
		})
	}
}

func TestDrainIsBoundedWhenAClientThatLeftDoesNotRead(t *testing.T) {
	const size = 16 << 20
	a := &standin{handlers: map[protocol.Kind]handler{
		protocol.Text: func(_ context.Context, e *protocol.Event, apply func(*protocol.Effect) error) string {
			apply(&protocol.Effect{Seq: e.Seq, Send: &protocol.Send{To: protocol.Recipients{Keys: []int64{1}}, Payload: make([]byte, size)}})
			return "null"
		},
	}}
	s := serveApplication(t, a, func(c *Config) { c.DrainTimeout, c.WriteTimeout = 300*time.Millisecond, patience })
	say(t, s.connect(), "flood me")
	eventually(t, "the handler has run", func() bool { return a.count("text 1 ends") == 1 })
	if took := s.drained(); took > 30*time.Second {
		t.Errorf("the drain took %v", took)
	}
}

func TestDrainIsBoundedWhenAPageIsNotRead(t *testing.T) {
	began := make(chan struct{})
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(began)
		w.Write(make([]byte, 64<<20))
	})
	s := serveApplication(t, &standin{}, func(c *Config) { c.Page, c.DrainTimeout, c.WriteTimeout = page, 300*time.Millisecond, patience })
	fmt.Fprint(s.dial(), "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	<-began
	if took := s.drained(); took > 30*time.Second {
		t.Errorf("the drain took %v", took)
	}
}

func TestDrainIsBoundedWhilePHPIsAway(t *testing.T) {
	away := make(chan struct{})
	a := &standin{
		handlers: map[protocol.Kind]handler{protocol.Shutdown: nil},
		down: func() bool {
			select {
			case <-away:
				return true
			default:
				return false
			}
		},
	}
	s := serveApplication(t, a, func(c *Config) { c.DrainTimeout = 300 * time.Millisecond })
	s.connect()
	close(away)
	if took := s.drained(); took > 30*time.Second {
		t.Errorf("the drain took %v", took)
	}
}

func TestCloseEventWaitsForTheEndOfOpen(t *testing.T) {
	a := &standin{}
	a.handlers = map[protocol.Kind]handler{
		protocol.Open: func(_ context.Context, e *protocol.Event, apply func(*protocol.Effect) error) string {
			apply(&protocol.Effect{Seq: e.Seq, Close: &protocol.Close{Client: e.Client, Code: 4000}})
			a.watch("close 1 begins")
			return "null"
		},
	}
	s := serveApplication(t, a, func(c *Config) { c.Isolation.Mode = isolation.PerConnection })
	s.connect()
	eventually(t, "the close event has run", func() bool { return a.count("close 1 ends") == 1 })
	want := "[authenticate 1 begins authenticate 1 ends open 1 begins open 1 ends close 1 begins close 1 ends]"
	if got := fmt.Sprint(a.lines()); got != want {
		t.Errorf("got %v", got)
	}
}

func TestRefusedRequestDoesNotHoldItsConnection(t *testing.T) {
	s := serveApplication(t, &standin{}, func(c *Config) { c.HandshakeTimeout = 200 * time.Millisecond })
	conn := s.dial()
	fmt.Fprint(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
	conn.SetReadDeadline(time.Now().Add(patience))
	r := bufio.NewReader(conn)
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	for err == nil {
		_, err = r.ReadByte()
	}
	if e, ok := err.(net.Error); ok && e.Timeout() {
		t.Error("the connection stays open")
	}
}

func TestClientClosedWhileConnectingIsNotAnswered101(t *testing.T) {
	a := &standin{handlers: map[protocol.Kind]handler{
		protocol.Authenticate: func(_ context.Context, e *protocol.Event, apply func(*protocol.Effect) error) string {
			apply(&protocol.Effect{Seq: e.Seq, Close: &protocol.Close{Client: e.Client, Handled: true}})
			return "true"
		},
	}}
	s := serveApplication(t, a, nil)
	conn := s.dial()
	fmt.Fprint(conn, upgrade)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("got %s", res.Status)
	}
}

func TestRefusalsCarryTheHeadersTheirStatusDemands(t *testing.T) {
	s := serveApplication(t, &standin{}, nil)
	const asks = " / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
	for name, row := range map[string]struct {
		request, header, value string
	}{
		"no handshake": {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "Upgrade", "websocket"},
		"old version":  {"GET" + asks + "Sec-WebSocket-Version: 8\r\n\r\n", "Upgrade", "websocket"},
		"no GET":       {"PUT" + asks + "\r\n", "Allow", "GET"},
	} {
		t.Run(name, func(t *testing.T) {
			conn := s.dial()
			fmt.Fprint(conn, row.request)
			r := bufio.NewReader(conn)
			res, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Fatal(err)
			}
			ok := false
			for _, v := range res.Header.Values(row.header) {
				ok = ok || v == row.value
			}
			if !ok {
				t.Errorf("got %s, %q", res.Status, res.Header)
			}
		})
	}
}

// net/http reads bytes that come before the 101 in the background.
func TestReadEventOfEarlyBytesWaitsForTheHandshake(t *testing.T) {
	a := &standin{}
	beside := make(chan bool, 1)
	a.handlers = map[protocol.Kind]handler{
		protocol.Authenticate: func(_ context.Context, e *protocol.Event, _ func(*protocol.Effect) error) string {
			beside <- a.watch("early 1 begins")
			return "true"
		},
		protocol.Read: func(_ context.Context, e *protocol.Event, _ func(*protocol.Effect) error) string {
			if len(e.Payload) == len(frame) {
				a.note(&protocol.Event{Kind: "early", Client: e.Client}, "begins")
			}
			return `"pass"`
		},
	}
	s := serveApplication(t, a, func(c *Config) { c.Isolation.Mode = isolation.PerConnection })
	conn := s.dial()
	fmt.Fprint(conn, upgrade)
	eventually(t, "authenticate runs", func() bool { return a.count("authenticate 1 begins") == 1 })
	fmt.Fprint(conn, frame)
	if <-beside {
		t.Errorf("two events of one client at a time: %q", a.lines())
	}
	eventually(t, "the early bytes are an event", func() bool { return a.count("early 1 begins") == 1 })
}

// No one else would report that they are lost.
func TestDrainOutOfTimeTellsOfDocuments(t *testing.T) {
	a := &standin{handlers: map[protocol.Kind]handler{protocol.Fifo: blocksUntil(nil)}}
	var log lockedBuffer
	s := serveApplication(t, a, func(c *Config) {
		c.DrainTimeout, c.Logger = 100*time.Millisecond, slog.New(slog.NewTextHandler(&log, nil))
	})
	for range 3 {
		if err := s.enqueueDocument(t.Context(), []byte("document")); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the first runs", func() bool { return a.count("fifo 0 begins") == 1 })
	s.drained()
	got := log.take()
	for _, want := range []string{`msg="event failed" event=fifo seq=1 error="the drain ran out of time"`, `error=drained times=2`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing in\n%s", want, got)
		}
	}
}

// A drain out of time with thousands of clients tells of one of them, and of the number of the others.
func TestDrainOutOfTimeSumsUpCloseEvents(t *testing.T) {
	const clients = 5
	a := &standin{handlers: map[protocol.Kind]handler{protocol.Fifo: blocksUntil(nil), protocol.Open: nil, protocol.Closing: nil}}
	var log lockedBuffer
	s := serveApplication(t, a, func(c *Config) {
		c.DrainTimeout, c.Logger = 100*time.Millisecond, slog.New(slog.NewTextHandler(&log, nil))
	})
	for range clients {
		s.connect()
	}
	if err := s.enqueueDocument(t.Context(), []byte("document")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the document's handler runs", func() bool { return a.count("fifo 0 begins") == 1 })
	s.drained()
	got := log.take()
	if n := strings.Count(got, `level=ERROR msg="close handlers did not run" `); n != 1 {
		t.Errorf("%d lines tell of a client", n)
	}
	if want := `level=ERROR msg="close handlers did not run for more clients" error="the drain ran out of time" clients=4`; !strings.Contains(got, want) {
		t.Errorf("%s is missing in\n%s", want, got)
	}
}

// A turn of the loop that never began is nothing that an operator has to look at.
func TestDrainOutOfTimeIsSilentAboutTheLoop(t *testing.T) {
	a := &standin{handlers: map[protocol.Kind]handler{protocol.Fifo: blocksUntil(nil), protocol.Loop: nil}}
	var log lockedBuffer
	s := serveApplication(t, a, func(c *Config) {
		c.DrainTimeout, c.Logger = 100*time.Millisecond, slog.New(slog.NewTextHandler(&log, nil))
	})
	if err := s.enqueueDocument(t.Context(), []byte("document")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the document's handler runs", func() bool { return a.count("fifo 0 begins") == 1 })
	for range 2 {
		s.events.Offer(s.serverEvent(protocol.Loop, nil))
	}
	s.drained()
	if got := log.take(); strings.Contains(got, "event=loop") {
		t.Errorf("the log tells of the loop:\n%s", got)
	}
}
