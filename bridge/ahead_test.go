package bridge

import (
	"bytes"
	"errors"
	"io"
	"net"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/bridge/rows"
	"github.com/wsbridge/wsbridge/bridge/socket"
	"github.com/wsbridge/wsbridge/protocol"
)

// prepared returns a Bridge that can be told ahead.
func prepared(t *testing.T, a PHP, change func(*Config)) (*Bridge, *present) {
	t.Helper()
	next, p := newBridge(t, a, change)
	if err := next.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	return next, p
}

// wantEnd reads until the connection is closed with code, or without a close frame if that is 0.
func wantEnd(t *testing.T, conn *websocket.Conn, code int) {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(patience))
	_, _, err := conn.ReadMessage()
	if code != 0 && !websocket.IsCloseError(err, code) {
		t.Errorf("got %v, want %d", err, code)
	}
	below := conn.NetConn()
	below.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.Copy(io.Discard, below); errors.Is(err, net.ErrClosed) || isTimeout(err) {
		t.Errorf("the connection does not end: %v", err)
	}
}

// What happens between the time when the other process is told ahead and the time when this one stands still is there in the other one.
func TestWhatHappensAfterTellingAhead(t *testing.T) {
	first, second := echoes(), echoes()
	s := serveApplication(t, first, nil)
	idle, talks, leaves, isClosed := s.connect(), s.connect(), s.connect(), s.connect()
	next, p := prepared(t, second, nil)
	ahead := s.tellAhead(next)

	comes := s.connect() // client 5
	say(t, talks, "all hear this")
	for _, conn := range []*websocket.Conn{idle, talks, leaves, isClosed, comes} {
		wantText(t, conn, "all hear this")
	}
	eventually(t, "all are counted", func() bool { return s.Totals().Sent == 5 })
	leaves.Close()
	if err := s.CloseClient(4, 4000, "go"); err != nil {
		t.Fatal(err)
	}
	wantEnd(t, isClosed, 4000) // although the other process has a copy of the descriptor
	isClosed.Close()
	eventually(t, "both have left", func() bool { return s.Clients() == 3 && s.Sockets() == 3 })
	s.table.Apply(rows.Change{Key: 1, Set: protocol.Fields{{Name: "name", Value: []byte(`"x"`)}}})
	if err := comes.WriteMessage(websocket.TextMessage, []byte("from one who has come")); err != nil {
		t.Fatal(err)
	}
	wantText(t, comes, "from one who has come")
	eventually(t, "that is counted", func() bool { return s.Totals().Sent == 6 })

	frozen := freezeAfter(s, ahead)
	if n := len(frozen.Clients()); n != 1 || frozen.Moved() != 3 {
		t.Errorf("%d clients are new, and %d move", n, frozen.Moved())
	}
	if n := len(frozen.State().Table.Rows); n != 2 {
		t.Errorf("%d rows have changed", n)
	}
	after := s.takeOver(frozen, next, p)
	if after.Clients() != 3 || after.Sockets() != 3 {
		t.Errorf("%d clients, %d connections", after.Clients(), after.Sockets())
	}
	if got := after.table.Fields(1).Get("name"); string(got) != `"x"` {
		t.Errorf("the row has %q", got)
	}
	if got := after.Totals(); got.Received != 2 || got.Sent != 6 {
		t.Errorf("got %+v", got)
	}
	for _, conn := range []*websocket.Conn{idle, talks, comes} {
		say(t, conn, "still here")
		wantText(t, conn, "still here")
	}
	for _, line := range []string{"close 3 ends", "close 4 ends"} {
		if first.count(line) != 1 || second.count(line) != 0 {
			t.Errorf("%s: %d and %d times", line, first.count(line), second.count(line))
		}
	}
}

// A hand-over that fails after the other process was told ahead costs nothing, and the next one succeeds.
func TestHandOverIsGivenUpAfterTellingAhead(t *testing.T) {
	app := echoes()
	s := serveApplication(t, app, nil)
	stays, leaves := s.connect(), s.connect()
	for range 2 {
		next, _ := prepared(t, echoes(), nil)
		frozen := freezeAfter(s, s.tellAhead(next))
		state := copied(t, frozen.State())
		state.Clients[0].Socket.Window = make([]byte, 100)
		if err := next.Restore(t.Context(), state, nil); !errors.Is(err, ErrBadState) || !strings.Contains(err.Error(), "window") {
			t.Errorf("got %v", err)
		}
		next.Forsake()
		if next.Sockets() != 0 || next.Clients() != 0 {
			t.Errorf("%d connections are left", next.Sockets())
		}
		frozen.Thaw()
		for _, conn := range []*websocket.Conn{stays, leaves} {
			say(t, conn, "hi")
			wantText(t, conn, "hi")
		}
	}
	next, _ := prepared(t, echoes(), nil)
	s.tellAhead(next)
	next.Forsake()
	leaves.Close()
	eventually(t, "its close event", func() bool { return app.count("close 2 ends") == 1 })
	next, p := prepared(t, echoes(), nil)
	s.takeOver(freezeAfter(s, s.tellAhead(next)), next, p)
	say(t, stays, "there")
	wantText(t, stays, "there")
}

// A worker that is filled ahead learns which rows have changed since, and is filled anew when global variables have.
func TestLaneIsFilledAhead(t *testing.T) {
	for _, changesGlobals := range []bool{false, true} {
		s := serveEcho(t, newEchoLane(t, nil))
		a := s.connect()
		s.connect()
		lane := &fillLane{echoLane: newEchoLane(t, nil)}
		next, p := prepared(t, echo{}, func(c *Config) { c.Lane = lane })
		ahead := s.tellAhead(next)
		if lane.filled == nil || lane.filled.Rows.Entries != 2 {
			t.Fatalf("got %+v", lane.filled)
		}
		s.table.Apply(rows.Change{Key: 2, Set: protocol.Fields{{Name: "name", Value: []byte(`"x"`)}}})
		if changesGlobals {
			s.table.Apply(rows.Change{Globals: &protocol.GlobalChanges{RowChange: protocol.RowChange{
				Set: protocol.Fields{{Name: "total", Value: []byte("1")}}}}})
		}
		after := s.takeOver(freezeAfter(s, ahead), next, p)
		changes, _, _ := after.table.Take()
		switch told := string(bytes.Join(changes.Parts, nil)); {
		case changesGlobals && (lane.again != 1 || lane.filled.Values.Entries != 1 || changes.Entries != 0):
			t.Errorf("filled anew %d times, with %d global variables; then told %q", lane.again, lane.filled.Values.Entries, told)
		case !changesGlobals && (lane.again != 0 || changes.Entries != 1 || !strings.Contains(told, `"x"`)):
			t.Errorf("filled anew %d times, told %q", lane.again, told)
		}
		say(t, a, "two")
		wantText(t, a, "two")
	}
}

func TestWhatIsToldAheadIsChecked(t *testing.T) {
	s := serveApplication(t, echoes(), nil)
	s.connect()
	next, _ := prepared(t, echoes(), nil)
	s.tellAhead(next)
	defer next.Forsake()
	if err := next.Adopt(t.Context(), &AheadState{}); !errors.Is(err, ErrBadState) {
		t.Errorf("told ahead twice: got %v", err)
	}
	if err := next.AdoptClients(make([]ClientFixed, 2), nil); !errors.Is(err, ErrBadState) {
		t.Errorf("clients without connections: got %v", err)
	}
	some := s.Ahead().Next(1)
	conns := duplicate(t, some)
	defer conns[0].Close()
	if err := next.AdoptClients([]ClientFixed{some[0].client.fixed()}, conns); !errors.Is(err, ErrBadState) {
		t.Errorf("a client that comes twice: got %v", err)
	}
	for _, b := range []string{"", "hello, world"} {
		if _, err := DecodeClients([]byte(b)); !errors.Is(err, ErrBadState) {
			t.Errorf("got %v", err)
		}
		if _, err := DecodeAhead(strings.NewReader(b)); !errors.Is(err, ErrBadState) {
			t.Errorf("got %v", err)
		}
	}
}

// clientStates are clients in all states that a client can have.
func clientStates() []ClientState {
	now := time.Unix(1700000000, 123456789)
	return []ClientState{
		{ClientFixed: ClientFixed{Key: 1}, Adopted: true, Socket: &socket.State{}},
		{ClientFixed: ClientFixed{Key: 300}, Owed: true, Passed: []byte("passed"), Last: now, Messages: observe.Messages{Received: 1, Sent: 1 << 40, ReceivedBytes: 3,
			SentBytes: 4}, NextPing: now, Idle: now, Asked: now, SilentBy: now, Socket: &socket.State{Deflate: socket.DeflateInWindow, Window: []byte("before"),
			SpentMessages: 1.5, SpentControls: 2, Queue: []int{7, 0, 300}, Taken: 5}},
		{ClientFixed: ClientFixed{Key: 1 << 40}, Socket: &socket.State{Deflate: socket.DeflateApart, Frame: []byte{0xc1}, Left: 1 << 40, Waited: time.Hour,
			Message: &socket.Partial{Opcode: socket.OpText, Compressed: true, Payload: []byte("half")}}},
		{ClientFixed: ClientFixed{Key: 1<<40 + 1}, Socket: &socket.State{Message: &socket.Partial{Opcode: socket.OpBinary}}},
	}
}

func TestWhatChangesOfClientsIsRead(t *testing.T) {
	all := clientStates()
	encoded := appendClients(nil, all)
	got, err := readClients(encoded)
	if err != nil || !reflect.DeepEqual(got, all) {
		t.Errorf("got %v\n%+v\n%+v", err, got, all)
	}
	for n := range encoded {
		if _, err := readClients(encoded[:n]); err == nil {
			t.Errorf("cut off after %d bytes: it is read", n)
		}
	}
	if _, err := readClients(append(encoded, 0)); err == nil {
		t.Error("more follows: it is read")
	}
	if _, err := readClients([]byte{0xff, 0xff, 0xff, 0xff, 0x0f}); err == nil {
		t.Error("four billion clients are read")
	}
}

// Whatever is read is written so that it reads the same.
func FuzzClients(f *testing.F) {
	f.Add(appendClients(nil, clientStates()))
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := readClients(data)
		if err != nil {
			return
		}
		encoded := appendClients(nil, all)
		again, err := readClients(encoded)
		if err != nil || !bytes.Equal(appendClients(nil, again), encoded) {
			t.Errorf("got %v, %+v, want %+v", err, again, all)
		}
	})
}
