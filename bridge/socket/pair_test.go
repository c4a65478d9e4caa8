package socket

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// patience bounds every wait for something that must happen.
const patience = 2 * time.Minute

// owner notes what it is told.
type owner struct {
	sent, pongs atomic.Int64
	ended       chan bool // what OnWriterEnd was called with
	closed      chan struct{}
	busy        func()        // what OnMessage waits for
	more        time.Duration // what OnSilence returns, once
	bytes       int
	evicted     bool
}

func (o *owner) OnMessage(op Opcode) bool {
	if o.busy != nil {
		o.busy()
	}
	return op == OpText
}

func (o *owner) OnBytes(n int) { o.bytes += n }

func (o *owner) OnSilence(time.Duration) (more time.Duration) {
	more, o.more = o.more, 0
	return more
}

func (o *owner) OnEvicted()                     { o.evicted = true }
func (o *owner) OnPong()                        { o.pongs.Add(1) }
func (o *owner) OnSent(*Message, time.Duration) { o.sent.Add(1) }
func (o *owner) OnWriterEnd(isSlow bool)        { o.ended <- isSlow }
func (o *owner) OnClosed()                      { close(o.closed) }

// pair is both ends of a WebSocket.
type pair struct {
	*Conn
	owner  *owner
	client *websocket.Conn
	work   sync.WaitGroup // what the server's end has spawned
}

// newPair returns a WebSocket that has been greeted, and that nobody reads yet. The kernel holds little of what is sent to a client.
func newPair(t testing.TB, change func(*Options)) *pair {
	t.Helper()
	p := &pair{owner: &owner{ended: make(chan bool, 2), closed: make(chan struct{})}} // a second end would be a fault, and is looked for
	o := Options{Owner: p.owner, MaxMessage: 1 << 20, SendQueue: 100, SendQueueBytes: 64 << 20, WriteTimeout: time.Minute, MessageTimeout: patience}
	if change != nil {
		change(&o)
	}
	conns := make(chan *Conn, 1)
	upgrader := &Upgrader{Spawn: func(f func()) { p.work.Go(f) }}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := upgrader.Upgrade(w, r, o)
		if err != nil {
			t.Error(err)
		} else {
			_ = c.conn.(*net.TCPConn).SetWriteBuffer(16 << 10)
			c.Greet()
		}
		conns <- c
	}))
	t.Cleanup(s.Close)
	dialer := websocket.Dialer{EnableCompression: o.Deflate != NoDeflate}
	client, _, err := dialer.Dial("ws"+strings.TrimPrefix(s.URL, "http"), nil)
	if err != nil {
		t.Fatal(err)
	}
	p.Conn, p.client = <-conns, client
	_ = client.SetReadDeadline(time.Now().Add(patience))
	t.Cleanup(func() { client.Close(); p.Abort(); p.work.Wait() })
	return p
}

// readsAll reads until the connection ends, and returns how.
func (p *pair) readsAll() *End {
	for {
		if _, _, end := p.Read(); end != nil {
			p.CloseRead(end)
			return end
		}
	}
}

// want fails the test unless that is the next message that the client gets.
func (p *pair) want(t *testing.T, text string) {
	t.Helper()
	if _, got, err := p.client.ReadMessage(); err != nil || string(got) != text {
		t.Fatalf("got %.20q of %d bytes, %v; want %.20q of %d", got, len(got), err, text, len(text))
	}
}

// texts returns the next n messages that the client gets.
func (p *pair) texts(t *testing.T, n int) (all []string) {
	t.Helper()
	for range n {
		_, got, err := p.client.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(got))
	}
	return all
}

// these returns the recipients of a broadcast.
func these(conns ...*Conn) func() []*Conn { return func() []*Conn { return conns } }

func (p *pair) wantClose(t *testing.T, code int) {
	t.Helper()
	if _, got, err := p.client.ReadMessage(); !websocket.IsCloseError(err, code) {
		t.Fatalf("got %.20q, %v; want close code %d", got, err, code)
	}
}

// send queues a text.
func (p *pair) send(t *testing.T, text string) {
	t.Helper()
	if err := p.Send(NewMessage(OpText, []byte(text))); err != nil {
		t.Fatal(err)
	}
}

// large is a text that no socket takes at once.
func large(fill string) string { return strings.Repeat(fill, 1<<18) }
