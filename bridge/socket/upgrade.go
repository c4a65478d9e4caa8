package socket

import (
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// readBuffer is each connection's own read buffer; gorilla reads past it for anything larger. 4096, net/http's size,
// is most of what an idle connection costs.
const readBuffer = 1024

// Upgrader makes WebSockets of handshakes, and has what they share. It must not be copied.
type Upgrader struct {
	// Spawn runs a function in a goroutine of its own, and somebody waits for that. It does not block.
	Spawn func(func())

	buffers   sync.Pool // write buffers of connections, held only while they write
	inflaters sync.Pool // held only while a compressed message is read
}

// Options are a WebSocket's. All but the rates, Subprotocol, ServerHeader and Deflate are required.
type Options struct {
	Owner        Owner
	Subprotocol  string // agreed to; empty: none
	ServerHeader string // of the answer; empty: none
	Deflate      bool   // permessage-deflate is agreed to, see OffersDeflate

	MaxMessage                int64         // bytes; over it: EndedTooBig
	MessageRate, MessageBurst int           // messages per second, on average, and at once; over it: EndedFlood; rate 0: any number
	ControlRate, ControlBurst int           // likewise of control frames, and of empty ones, which bring no message forward
	SendQueue, SendQueueBytes int           // messages that wait to be written, the one under way included, and their bytes
	WriteTimeout              time.Duration // of one message; over it the client counts as slow
}

// Upgrade takes over the connection of a handshake that the caller has checked. The answer, 101, leaves with Greet. If it returns an
// error, what could be answered has been.
func (u *Upgrader) Upgrade(w http.ResponseWriter, r *http.Request, o Options) (*Conn, error) {
	if o.Deflate {
		r.Header.Set("Sec-WebSocket-Extensions", "permessage-deflate") // gorilla does not look at parameters
	}
	upgrader := websocket.Upgrader{
		HandshakeTimeout:  o.WriteTimeout,
		ReadBufferSize:    readBuffer,
		WriteBufferPool:   &u.buffers,
		CheckOrigin:       func(*http.Request) bool { return true }, // the caller has
		EnableCompression: o.Deflate,
	}
	header := http.Header{}
	if o.Subprotocol != "" {
		header.Set("Sec-WebSocket-Protocol", o.Subprotocol)
	}
	if o.ServerHeader != "" {
		header.Set("Server", o.ServerHeader)
	}
	g := &guard{limit: o.MaxMessage, deflate: o.Deflate, messages: newLimiter(o.MessageRate, o.MessageBurst),
		empty: newLimiter(o.ControlRate, o.ControlBurst)}
	conn, err := upgrader.Upgrade(guardedWriter{w, g}, r, header)
	if err != nil {
		return nil, err
	}
	c := &Conn{conn: conn, guard: g, upgrader: u, owner: o.Owner}
	c.out = &outbox{conn: conn, guard: g, spawn: u.Spawn, ended: c.written, told: o.Owner.OnSent,
		timeout: o.WriteTimeout, deflate: g.deflate, limit: o.SendQueue, bytes: o.SendQueueBytes}
	c.out.greet(g.greeting())
	conn.SetPingHandler(func(data string) error {
		if err := c.Send(NewMessage(OpPong, []byte(data))); errors.Is(err, ErrFull) {
			return err
		}
		return nil
	})
	conn.SetPongHandler(func(string) error {
		c.owner.OnPong()
		return nil
	})
	return c, nil
}
