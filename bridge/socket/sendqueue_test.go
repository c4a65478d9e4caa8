package socket

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// pair returns both ends of a WebSocket connection.
func pair(t *testing.T) (server, client *websocket.Conn) {
	t.Helper()
	conns := make(chan *websocket.Conn, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
		if err != nil {
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
	return server, client
}

func newOutbox(conn *websocket.Conn, limit, bytes int) (*outbox, *sync.WaitGroup, chan bool) {
	var work sync.WaitGroup
	ended := make(chan bool, 2) // a second end would be a fault, and is looked for
	return &outbox{conn: conn, spawn: func(f func()) { work.Go(f) }, ended: func(drop bool, _ error) { ended <- drop },
		told:    func(*Message, time.Duration) {},
		timeout: 500 * time.Millisecond, limit: limit, bytes: bytes}, &work, ended
}

func TestOutboxWritesInOrderAndEndsOnce(t *testing.T) {
	server, client := pair(t)
	b, work, ended := newOutbox(server, 10, 1000)
	for _, text := range []string{"one", "two"} {
		if err := b.push(Message{op: websocket.TextMessage, data: []byte(text)}, 3); err != nil {
			t.Fatal(err)
		}
	}
	b.close(4000, "over")
	b.close(1000, "not sent")
	if err := b.push(Message{op: websocket.TextMessage}, 0); !errors.Is(err, ErrClosed) {
		t.Errorf("push after close: %v", err)
	}
	for _, want := range []string{"one", "two"} {
		if _, got, err := client.ReadMessage(); err != nil || string(got) != want {
			t.Fatalf("got %q, %v; want %q", got, err, want)
		}
	}
	if _, _, err := client.ReadMessage(); !websocket.IsCloseError(err, 4000) {
		t.Errorf("got %v", err)
	}
	work.Wait()
	if drop := <-ended; drop || len(ended) > 0 {
		t.Errorf("ended with drop %v, and %d times more", drop, len(ended))
	}
}

func TestOutboxIsBounded(t *testing.T) {
	server, _ := pair(t) // the client never reads, and no kernel buffer takes a whole message
	const size = 16 << 20
	b, work, ended := newOutbox(server, 100, size)
	big := Message{op: websocket.BinaryMessage, data: make([]byte, size)}
	push := func() error { return b.push(big, size) }
	if err := push(); err != nil {
		t.Fatal(err)
	}
	for b.queued() > 0 { // the writer has not taken it yet
		runtime.Gosched()
	}
	if err := b.push(Message{op: websocket.BinaryMessage, data: []byte("x")}, 1); !errors.Is(err, ErrFull) {
		t.Errorf("what is being written was not counted: %v", err)
	}
	b.abort(1013, "too slow")
	work.Wait() // the write deadline ends it
	if drop := <-ended; !drop {
		t.Error("a client that does not read was waited for")
	}
}

func TestOutboxAnswersTheLatestPingOfMany(t *testing.T) {
	b := &outbox{spawn: func(func()) {}, limit: 100, bytes: 1000} // nothing is written
	for i := range 10_000 {
		if err := b.push(Message{op: websocket.PongMessage, data: []byte{byte(i)}}, 1); err != nil {
			t.Fatal(err)
		}
	}
	last := b.queue[len(b.queue)-1]
	if n := b.queued(); n != manyQueued || last.data[0] != 9999%256 {
		t.Errorf("%d pongs are queued, the last for ping %d", n, last.data[0])
	}
}

func (b *outbox) queued() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.queue)
}
