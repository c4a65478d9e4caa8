package bridge

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/bridge/door"
	"github.com/wsbridge/wsbridge/bridge/rows"
	"github.com/wsbridge/wsbridge/protocol"
)

func TestStateThatCannotBeTakenOver(t *testing.T) {
	s := serveApplication(t, echoes(), nil)
	conn := s.connect()
	frozen := freeze(s)
	var encoded bytes.Buffer
	if err := frozen.State().Encode(&encoded); err != nil {
		t.Fatal(err)
	}
	other := bytes.Clone(encoded.Bytes())
	other[bytes.IndexByte(other, 2*StateVersion)]++ // gob's form of a small number is twice that
	for what, b := range map[string][]byte{"version": other, "cut off": encoded.Bytes()[:encoded.Len()-1], "empty": nil, "else": []byte("hello, world")} {
		if _, err := DecodeState(bytes.NewReader(b)); !errors.Is(err, ErrBadState) {
			t.Errorf("%s: got %v", what, err)
		}
	}
	for what, change := range map[string]func(*State){
		"2 clients, and there are 1 conn": func(s *State) { s.Clients = append(s.Clients, s.Clients[0]); s.Clients[1].Key = 2 },
		"client 1 comes after client 1":   func(s *State) { s.Clients = append(s.Clients, s.Clients[0]) },
		"was told ahead: true":            func(s *State) { s.Clients[0].Adopted = true },
		"no row of the open client 1":     func(s *State) { s.Table.Rows = nil },
		"1 clients and 2 rows": func(s *State) {
			s.Table.Rows, s.Table.LastKey = append(s.Table.Rows, rows.RowState{Key: 2, Connected: true}), 2
		},
		"open client 7":     func(s *State) { s.Clients[0].Key = 7 },
		"has no socket":     func(s *State) { s.Clients[0].Socket = nil },
		"client 9, which":   func(s *State) { s.Events = []EventState{{Client: 9, Kind: protocol.Text}} },
		"the last key is 0": func(s *State) { s.Table.LastKey = 0 },
		"window":            func(s *State) { s.Clients[0].Socket.Window = make([]byte, 100) },
	} {
		state := copied(t, frozen.State())
		change(state)
		next, _ := newBridge(t, echoes(), nil)
		if err := next.Prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		conns := duplicate(t, frozen.Clients())
		if err := next.Restore(t.Context(), state, conns); !errors.Is(err, ErrBadState) || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: got %v", what, err)
		}
		conns[0].Close()
	}
	frozen.Thaw()
	say(t, conn, "hi")
	wantText(t, conn, "hi")
}

func TestRowsTimesAndLimitsMove(t *testing.T) {
	limits := func(c *Config) {
		c.Limits, c.IdleTimeout = door.Limits{PerAddress: 3}, time.Minute
	}
	s := serveApplication(t, echoes(), limits)
	a, b := s.connect(), s.connect()
	say(t, a, "hi")
	wantText(t, a, "hi")
	s.table.Apply(rows.Change{Key: 2, Set: protocol.Fields{{Name: "name", Value: []byte(`"x"`)}}})
	first := s.clients.get(1)
	eventually(t, "all is counted", func() bool { return first.messages.Messages().Sent == 1 && !first.events.Busy() })
	silent, ping, idle, described := first.conn.SilentBy(), first.nextPing(), first.idle.lastMessage(), first.describe(nil)
	want := s.table.State()
	after := s.handOver(echoes(), limits)
	if got := after.table.State(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	moved := after.clients.get(1)
	if d := moved.conn.SilentBy().Sub(silent).Abs(); d > 10*time.Second || !moved.nextPing().Equal(ping) || !moved.idle.lastMessage().Equal(idle) {
		t.Errorf("the times differ: silent by %v, ping by %v, idle by %v", d, moved.nextPing().Sub(ping), moved.idle.lastMessage().Sub(idle))
	}
	if got := moved.describe(nil); fmt.Sprint(got) != fmt.Sprint(described) {
		t.Errorf("got %+v\nwant %+v", got, described)
	}
	after.connect()
	if _, answer, err := websocket.DefaultDialer.Dial("ws://"+after.address, nil); err == nil || answer == nil || answer.StatusCode != http.StatusTooManyRequests {
		t.Errorf("a fourth client of the address: got %v", err)
	}
	b.Close()
	eventually(t, "one has left", func() bool { return after.Sockets() == 2 })
	after.connect()
}

func TestSilenceAndIdlenessGoOn(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*Config)
		code   int
	}{
		"silent": {func(c *Config) { c.PingInterval, c.PongTimeout = 100*time.Millisecond, 300*time.Millisecond }, 0},
		"idle":   {func(c *Config) { c.IdleTimeout = 300 * time.Millisecond }, websocket.ClosePolicyViolation},
	} {
		t.Run(name, func(t *testing.T) {
			second := echoes()
			s := serveApplication(t, echoes(), row.change)
			conn := s.connect()
			if row.code == 0 {
				conn.SetPingHandler(func(string) error { return nil })
			}
			s.handOver(second, row.change)
			conn.SetReadDeadline(time.Now().Add(patience))
			_, _, err := conn.ReadMessage()
			if row.code != 0 && !websocket.IsCloseError(err, row.code) {
				t.Errorf("got %v", err)
			}
			eventually(t, "its close event runs", func() bool { return second.count("close 1 ends") == 1 })
		})
	}
}

// raw returns a WebSocket whose frames the test writes itself.
func (s *served) raw() (net.Conn, *bufio.Reader) {
	s.t.Helper()
	conn := s.dial()
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	r := bufio.NewReader(conn)
	answer, err := http.ReadResponse(r, nil)
	if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		s.t.Fatal(answer, err)
	}
	return conn, r
}

func TestMessageThatIsHalfReadMoves(t *testing.T) {
	for name, handlers := range map[string]map[protocol.Kind]handler{"plain": {}, "read events": {protocol.Connect: nil, protocol.Read: returns(`"pass"`)}} {
		t.Run(name, func(t *testing.T) {
			app := func() *standin {
				a := echoes()
				for kind, h := range handlers {
					a.handlers[kind] = h
				}
				return a
			}
			s := serveApplication(t, app(), nil)
			conn, r := s.raw()
			all := []byte("\x01\x83\x00\x00\x00\x00abc\x89\x80\x00\x00\x00\x00\x80\x83\x00\x00\x00\x00def") // two fragments, a ping between
			servers := s
			for i := range all {
				if _, err := conn.Write(all[i : i+1]); err != nil {
					t.Fatal(err)
				}
				if i%5 == 4 {
					servers = servers.handOver(app(), nil)
				}
			}
			got := make([]byte, len("\x8a\x00\x81\x06abcdef"))
			if _, err := io.ReadFull(r, got); err != nil || string(got) != "\x8a\x00\x81\x06abcdef" {
				t.Errorf("got %q %v", got, err)
			}
			conn.Close()
		})
	}
}

// Nothing is lost, doubled or reordered while clients talk.
func TestHandOversUnderLoad(t *testing.T) {
	const talkers, each = 4, 150
	change := func(c *Config) { c.SendQueue = 2000 }
	s := serveApplication(t, echoes(), change)
	var conns []*websocket.Conn
	for range talkers {
		conns = append(conns, s.connect())
	}
	heard := make([][]string, talkers)
	var work sync.WaitGroup
	for i, conn := range conns {
		work.Go(func() {
			for n := range each {
				if err := conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, "all %d %d", i, n)); err != nil {
					t.Error(err)
					return
				}
				time.Sleep(time.Millisecond)
			}
		})
		work.Go(func() {
			conn.SetReadDeadline(time.Now().Add(patience))
			for range talkers * each {
				_, text, err := conn.ReadMessage()
				if err != nil {
					t.Errorf("after %d messages: %v", len(heard[i]), err)
					return
				}
				heard[i] = append(heard[i], string(text))
			}
		})
	}
	after := s
	for range 4 {
		after = after.handOver(echoes(), change)
		time.Sleep(20 * time.Millisecond)
	}
	work.Wait()
	next := make([]int, talkers)
	for _, text := range heard[0] {
		var i, n int
		if _, err := fmt.Sscanf(text, "all %d %d", &i, &n); err != nil || next[i] != n {
			t.Fatalf("got %q, want message %d", text, next[i])
		}
		next[i]++
	}
	for i := range heard {
		if !slices.Equal(heard[i], heard[0]) {
			t.Errorf("client %d got another order than the first", i+1)
		}
	}
	if got := after.Totals(); got.Received != talkers*each || got.Clients != talkers {
		t.Errorf("got %+v", got)
	}
}

// fillLane notes what it is filled with.
type fillLane struct {
	*echoLane
	state  protocol.State
	filled *protocol.Event
	booted bool
	again  int // how often it was filled anew
}

func (l *fillLane) Boot(context.Context) error { l.booted = true; return nil }

func (l *fillLane) Start(_ context.Context, s protocol.State) error {
	l.state, l.filled = s, s.Fill()
	return nil
}

func (l *fillLane) Refill(context.Context) error {
	l.state.Empty()
	l.filled = l.state.Fill()
	l.again++
	return nil
}

func TestLaneOfTheOtherProcessIsFilled(t *testing.T) {
	lane := &fillLane{echoLane: newEchoLane(t, nil)}
	s := serveEcho(t, newEchoLane(t, nil))
	a := s.connect()
	s.connect()
	say(t, a, "one")
	wantText(t, a, "one")
	after := s.handOver(echo{}, func(c *Config) { c.Lane = lane })
	if !lane.booted || lane.filled == nil || lane.filled.Rows.Entries != 2 {
		t.Fatalf("got %+v", lane)
	}
	say(t, a, "two")
	wantText(t, a, "two")
	say(t, after.connect(), "three")
}
