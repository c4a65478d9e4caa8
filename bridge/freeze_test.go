package bridge

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/protocol"
)

func TestHandshakesDuringAHandOver(t *testing.T) {
	proceed := make(chan struct{})
	app := echoes()
	app.handlers[protocol.Authenticate] = blocksUntil(proceed)
	s := serveApplication(t, app, nil)
	early := s.dial()
	eventually(t, "it is accepted", func() bool { return s.Sockets() == 1 })
	connected := make(chan *websocket.Conn, 2)
	connect := func() {
		conn, _, err := websocket.DefaultDialer.Dial("ws://"+s.address, nil)
		if err != nil {
			t.Error(err)
		}
		connected <- conn
	}
	go connect()
	eventually(t, "the handshake has come", func() bool { return app.count("authenticate 1 begins") == 1 })
	frozen := make(chan *Frozen, 1)
	go func() { frozen <- freeze(s) }()
	eventually(t, "the hand-over has begun", s.isHandingOver)
	fmt.Fprintf(early, "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	answer, err := http.ReadResponse(bufio.NewReader(early), nil)
	if err != nil || answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" {
		t.Errorf("a handshake that comes too late: got %v %v", answer, err)
	}
	go connect() // waits in the kernel
	close(proceed)
	next, p := newBridge(t, echoes(), nil)
	if err := next.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	after := s.takeOver(<-frozen, next, p)
	for range 2 {
		conn := <-connected
		after.conns = append(after.conns, conn)
		say(t, conn, "hi")
		wantText(t, conn, "hi")
		conn.Close()
	}
	if got := after.Totals(); got.Accepted != 2 || got.Refused != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestEncryptedClientsAreToldToComeBack(t *testing.T) {
	app := echoes()
	s := serveTLS(t, app, nil)
	dialer := websocket.Dialer{TLSClientConfig: s.trust}
	connect := func() *websocket.Conn {
		conn, _, err := dialer.Dial("wss://"+s.address, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	codes := make(chan error, 3)
	for range 3 {
		conn := connect()
		go func() {
			_, _, err := conn.ReadMessage()
			codes <- err
		}()
	}
	begin := time.Now()
	frozen, err := s.Freeze(t.Context(), 300*time.Millisecond, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begin); took < 200*time.Millisecond || len(frozen.Clients()) != 0 {
		t.Errorf("after %v %d clients can move", took, len(frozen.Clients()))
	}
	if held := frozen.Since().Sub(begin); frozen.Told() != 3 || held < 200*time.Millisecond {
		t.Errorf("%d were told, and clients were held after %v", frozen.Told(), held)
	}
	for key := range 3 {
		if err := <-codes; !websocket.IsCloseError(err, websocket.CloseServiceRestart) {
			t.Errorf("got %v", err)
		}
		if n := app.count(fmt.Sprintf("close %d ends", key+1)); n != 1 {
			t.Errorf("%d close events of client %d", n, key+1)
		}
	}
	frozen.Thaw()
	say(t, connect(), "hi")
	eventually(t, "the next client is served", func() bool { return app.count("text 4 ends") == 1 })
}

func TestClientThatIsNoWebSocketEnds(t *testing.T) {
	app := echoes()
	app.handlers[protocol.Connect], app.handlers[protocol.Read] = nil, returns(`"pass"`)
	s := serveApplication(t, app, nil)
	conn := s.dial()
	fmt.Fprint(conn, "hello")
	eventually(t, "it is a client", func() bool { return app.count("read 1 ends") == 1 })
	frozen := freeze(s)
	if n := app.count("close 1 ends"); n != 1 || s.Clients() != 0 {
		t.Errorf("%d close events, %d clients", n, s.Clients())
	}
	if _, err := io.ReadAll(conn); err != nil {
		t.Errorf("got %v", err)
	}
	frozen.Thaw()
}

func TestDocumentsOfTheServer(t *testing.T) {
	proceed := make(chan struct{})
	first, second := echoes(), echoes()
	first.handlers[protocol.Fifo] = blocksUntil(proceed)
	s := serveApplication(t, first, nil)
	inject := func() chan error {
		result := make(chan error, 1)
		go func() {
			_, err := s.Inject(t.Context(), []byte("{}"))
			result <- err
		}()
		return result
	}
	runs := inject()
	eventually(t, "it runs", func() bool { return first.count("fifo 0 begins") == 1 })
	waits := inject()
	eventually(t, "it waits", func() bool { return s.events.Len() == 1 })
	if err := s.enqueueDocument(t.Context(), []byte("piped")); err != nil {
		t.Fatal(err)
	}
	if err := s.Pause(); err != nil { // so that none begins when the first one ends
		t.Fatal(err)
	}
	frozen := make(chan *Frozen, 1)
	go func() { frozen <- freeze(s) }()
	eventually(t, "the hand-over has begun", s.isHandingOver)
	close(proceed)
	next, p := newBridge(t, second, nil)
	if err := next.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.takeOver(<-frozen, next, p).Resume()
	if err := <-runs; err != nil {
		t.Errorf("the document that ran: got %v", err)
	}
	if err := <-waits; !errors.Is(err, ErrHandingOver) {
		t.Errorf("the document that waited: got %v", err)
	}
	eventually(t, "the pipe's document runs", func() bool { return second.count("fifo 0 ends") == 1 })
	if n := first.count("fifo 0 begins"); n != 1 {
		t.Errorf("%d documents have run in the old process", n)
	}
}

func TestClientThatTheLastEventClosesEndsInTheOldProcess(t *testing.T) {
	proceed := make(chan struct{})
	first := echoes()
	first.handlers[protocol.Text] = func(ctx context.Context, e *protocol.Event, apply func(*protocol.Effect) error) string {
		blocksUntil(proceed)(ctx, e, apply)
		_ = apply(&protocol.Effect{Seq: e.Seq, Close: &protocol.Close{Client: 2, Code: 4000, Reason: "out"}})
		return "true"
	}
	s := serveApplication(t, first, nil)
	a, b := s.connect(), s.connect()
	say(t, a, "close")
	eventually(t, "the event runs", func() bool { return first.count("text 1 begins") == 1 })
	frozen := make(chan *Frozen, 1)
	go func() { frozen <- freeze(s) }()
	eventually(t, "the hand-over has begun", s.isHandingOver)
	close(proceed)
	f := <-frozen
	if n := first.count("close 2 ends"); n != 1 || len(f.Clients()) != 1 || f.Clients()[0].Key != 1 {
		t.Errorf("%d close events, and %d clients move", n, len(f.Clients()))
	}
	second := echoes()
	next, p := newBridge(t, second, nil)
	if err := next.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	go func() { // the old process waits for its answer to the close frame
		_, _, err := b.ReadMessage()
		if !websocket.IsCloseError(err, 4000) {
			t.Errorf("got %v", err)
		}
		b.Close()
	}()
	after := s.takeOver(f, next, p)
	if after.Clients() != 1 || second.count("close 2 begins") != 0 {
		t.Errorf("got %q", second.lines())
	}
}
