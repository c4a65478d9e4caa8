package bridge

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/protocol"
)

// patience limits each wait for something that must happen.
const patience = 2 * time.Minute

// standin replaces PHP. It has a handler for each kind of event, and a journal of what ran.
type standin struct {
	handlers map[protocol.Kind]handler
	fails    map[protocol.Kind]error // instead of running the handler
	down     func() bool             // reports whether php-fpm is away; nil: never

	mu      sync.Mutex // guards journal
	journal []string
}

// handler runs an event and returns its result.
type handler func(ctx context.Context, e *protocol.Event, apply func(*protocol.Effect) error) string

// returns is a handler that does nothing else.
func returns(result string) handler {
	return func(context.Context, *protocol.Event, func(*protocol.Effect) error) string { return result }
}

// blocksUntil is a handler that waits for proceed.
func blocksUntil(proceed <-chan struct{}) handler {
	return func(ctx context.Context, _ *protocol.Event, _ func(*protocol.Effect) error) string {
		select {
		case <-proceed:
		case <-ctx.Done():
		}
		return "true"
	}
}

// blocksFrame is a handler of read events that waits for proceed after frame was read.
func blocksFrame(proceed <-chan struct{}) handler {
	return func(_ context.Context, e *protocol.Event, _ func(*protocol.Effect) error) string {
		if len(e.Payload) == len(frame) {
			<-proceed
		}
		return `"pass"`
	}
}

func (a *standin) Environment(*http.Request, string) ([]byte, error) { return []byte("env"), nil }

func (a *standin) Inherit(environment []byte) ([]byte, error) { return environment, nil }

func (*standin) SharesRequests() bool { return false }

func (*standin) Reachable(context.Context) error { return nil }

func (a *standin) Describe(context.Context) (*protocol.Description, error) {
	d := &protocol.Description{Handlers: map[string]protocol.Handler{}}
	for _, kind := range append([]protocol.Kind{protocol.Authenticate, protocol.Closing}, a.kinds()...) {
		for _, name := range kind.Handlers() {
			d.Handlers[name] = protocol.Handler{}
		}
	}
	return d, nil
}

func (a *standin) kinds() (kinds []protocol.Kind) {
	for kind := range a.handlers {
		kinds = append(kinds, kind)
	}
	return kinds
}

func (a *standin) Run(ctx context.Context, apply func(*protocol.Effect) error, events ...*protocol.Event) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if a.down != nil && a.down() {
		return protocol.ErrUnavailable
	}
	for _, e := range events {
		if err := a.fails[e.Kind]; err != nil {
			return err
		}
		a.note(e, "begins")
		result := "true"
		if h := a.handlers[e.Kind]; h != nil {
			result = h(ctx, e, apply)
		}
		a.note(e, "ends")
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := apply(&protocol.Effect{Seq: e.Seq, Done: &protocol.Done{Result: json.RawMessage(result)}}); err != nil {
			return err
		}
	}
	return nil
}

func (a *standin) note(e *protocol.Event, what string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.journal = append(a.journal, fmt.Sprintf("%s %d %s", e.Kind, e.Client, what))
}

func (a *standin) count(line string) (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, l := range a.journal {
		if l == line {
			n++
		}
	}
	return n
}

// watch waits a moment for a line in the journal that must not come, and reports whether it came.
func (a *standin) watch(line string) bool {
	for deadline := time.Now().Add(200 * time.Millisecond); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if a.count(line) > 0 {
			return true
		}
	}
	return false
}

func (a *standin) lines() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.journal)
}

// served is a Bridge that serves an application on a port of its own.
type served struct {
	*Bridge
	t       testing.TB
	address string
	l       net.Listener
	stop    func()
	done    chan error
	present *present
	conns   []*websocket.Conn // that connect has returned
}

// present is a Presence that knows to which clients messages can be sent.
type present struct {
	mu        sync.Mutex // guards connected
	connected map[int64]bool
}

func (p *present) Set(client int64, connected, _ bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.connected[client] = connected
	return nil
}

// isUnreachable returns a condition for eventually: nothing can be sent to the client any more.
func (p *present) isUnreachable(client int64) func() bool {
	return func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		connected, known := p.connected[client]
		return known && !connected
	}
}

func serveApplication(t testing.TB, a PHP, change func(*Config)) *served {
	t.Helper()
	b, p := newBridge(t, a, change)
	if err := b.Initialize(t.Context()); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, b, l, p)
}

func newBridge(t testing.TB, a PHP, change func(*Config)) (*Bridge, *present) {
	t.Helper()
	cfg := Config{
		PHP: a, Logger: slog.New(slog.NewTextHandler(&logWriter{t: t}, nil)), Isolation: isolation.Config{Mode: isolation.Serial}, Parallel: 4,
		LoopInterval: time.Hour, MaxMessage: 1 << 20, EventQueue: 8, EventQueueTotal: 1000, EventQueueTotalBytes: 64 << 20, SendQueue: 64, SendQueueBytes: 64 << 20,
		ReadTotalBytes: 256 << 20, SendQueueTotalBytes: 256 << 20, MessageTimeout: time.Minute,
		HandshakeTimeout: 10 * time.Second, MaxHeader: 32 << 10, WriteTimeout: 10 * time.Second, PingInterval: time.Minute, PongTimeout: time.Minute,
		QueueWait: 10 * time.Second, UnavailableWait: 10 * time.Second, DrainTimeout: 10 * time.Second, LastTimeout: 10 * time.Second,
	}
	p := &present{connected: map[int64]bool{}}
	cfg.Presence = p
	if change != nil {
		change(&cfg)
	}
	b, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return b, p
}

// serve has b serve until the end of the test.
func serve(t testing.TB, b *Bridge, l net.Listener, p *present) *served {
	ctx, stop := context.WithCancel(context.Background())
	s := &served{Bridge: b, t: t, address: l.Addr().String(), l: l, stop: stop, done: make(chan error, 1), present: p}
	ended := make(chan struct{})
	go func() { defer close(ended); s.done <- b.Serve(ctx, l, nil) }()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	return s
}

// drained ends the server, and returns how long that took.
func (s *served) drained() time.Duration {
	s.t.Helper()
	start := time.Now()
	s.stop()
	select {
	case <-s.done:
	case <-time.After(patience):
		s.t.Error("the bridge does not end")
	}
	return time.Since(start)
}

func (s *served) connect() *websocket.Conn {
	s.t.Helper()
	conn, _, err := websocket.DefaultDialer.Dial("ws://"+s.address, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	s.conns = append(s.conns, conn)
	return conn
}

func (s *served) dial() net.Conn {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return conn
}

func say(t *testing.T, conn *websocket.Conn, text string) {
	t.Helper()
	if err := conn.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

// eventually polls until a condition holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for timeout := time.After(patience); !ok(); {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatalf("did not happen: %s", what)
		}
	}
}

// logWriter writes the log of a Bridge to the log of the test.
type logWriter struct{ t testing.TB }

func (w *logWriter) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(bytes.Clone(p))))
	return len(p), nil
}
