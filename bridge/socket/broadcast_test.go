package socket

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// guardedPair is pair with a guard before the server's socket, which the kernel lets hold little.
func guardedPair(t *testing.T) (g *guard, server, client *websocket.Conn) {
	t.Helper()
	conns := make(chan *websocket.Conn, 1)
	g = &guard{limit: 1 << 20}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := (&websocket.Upgrader{}).Upgrade(guardedWriter{w, g}, r, nil)
		if err != nil {
			t.Error(err)
		}
		if _, err := g.Write(g.greeting()); err != nil {
			t.Error(err)
		}
		conns <- conn
	}))
	t.Cleanup(s.Close)
	client, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.URL, "http"), nil)
	if err != nil {
		t.Fatal(err)
	}
	server = <-conns
	t.Cleanup(func() { client.Close(); server.Close() })
	if err := g.Conn.(*net.TCPConn).SetWriteBuffer(16 << 10); err != nil {
		t.Fatal(err)
	}
	return g, server, client
}

// large is a message that no socket takes at once.
func large(t *testing.T, fill string) (o Message, text string) {
	t.Helper()
	text = strings.Repeat(fill, 1<<20)
	prepared, err := websocket.NewPreparedMessage(websocket.TextMessage, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return Message{prepared: prepared}, text
}

// wantText fails the test unless that is the next message.
func wantText(t *testing.T, client *websocket.Conn, want string) {
	t.Helper()
	if _, got, err := client.ReadMessage(); err != nil || string(got) != want {
		t.Fatalf("got %d bytes, %v; want %d", len(got), err, len(want))
	}
}

func TestHurryDoesNotWaitAndLosesNothing(t *testing.T) {
	for name, eagerly := range map[string]bool{"the kernel's own socket": true, "another one": false} {
		t.Run(name, func(t *testing.T) {
			g, server, client := guardedPair(t)
			if !eagerly {
				g.eager.raw = nil
			}
			b, work, _ := newOutbox(server, 10, 64<<20)
			b.guard, b.timeout = g, time.Minute
			var writes sync.WaitGroup
			writes.Add(3)
			b.told = func(*Message, time.Duration) { writes.Done() }
			first, a := large(t, "a")
			second, c := large(t, "c")
			for _, o := range []Message{first, second} {
				idle, err := b.enter(o, len(a))
				if err != nil {
					t.Fatal(err)
				}
				if idle {
					b.hurry() // it would be for ever if it waited: nobody reads yet
				}
			}
			if err := b.push(Message{op: websocket.TextMessage, data: []byte("last")}, 4); err != nil {
				t.Fatal(err)
			}
			wantText(t, client, a)
			wantText(t, client, c)
			wantText(t, client, "last")
			work.Wait()
			writes.Wait()
			if b.held != 0 || b.size != 0 || b.running {
				t.Errorf("%d messages, %d bytes are held, running is %v", b.held, b.size, b.running)
			}
		})
	}
}

// TestAbortKeepsFramesWhole is about a client that is closed in the middle of one: the close frame must not be a part of it.
func TestAbortKeepsFramesWhole(t *testing.T) {
	g, server, client := guardedPair(t)
	b, work, ended := newOutbox(server, 10, 64<<20)
	b.guard, b.timeout = g, time.Minute
	b.spawn = func(func()) {} // not before the abort
	first, a := large(t, "a")
	second, _ := large(t, "c")
	for _, o := range []Message{first, second} {
		if _, err := b.enter(o, len(a)); err != nil {
			t.Fatal(err)
		}
	}
	b.hurry()
	b.abort(1013, "too slow")
	work.Go(b.drain)
	wantText(t, client, a)
	if _, _, err := client.ReadMessage(); !websocket.IsCloseError(err, 1013) {
		t.Errorf("got %v, want the close frame", err)
	}
	work.Wait()
	if drop := <-ended; drop {
		t.Error("the connection was dropped")
	}
}

func TestHurryMeetsAClientThatIsGone(t *testing.T) {
	g, server, client := guardedPair(t)
	b, work, ended := newOutbox(server, 10, 64<<20)
	b.guard = g
	client.Close()
	server.Close()
	o, a := large(t, "a")
	if _, err := b.enter(o, len(a)); err != nil {
		t.Fatal(err)
	}
	b.hurry()
	work.Wait()
	if drop := <-ended; !drop {
		t.Error("a client that is gone was waited for")
	}
	if _, err := b.enter(o, len(a)); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
}
