package socket

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// readBuffer is the size in bytes of each connection's own read buffer, which gorilla takes over from the hijacker if it has more than 256 bytes.
// Gorilla reads past it for anything larger. 4096, net/http's
// size, is most of what an idle connection costs. Of a message that is longer, the rest takes a read of its own.
const readBuffer = 512

// Upgrader makes WebSockets of handshakes. It holds what they share and must not be copied.
type Upgrader struct {
	// Spawn runs a function in a goroutine of its own, which the owner waits for. It must not block.
	Spawn func(func())
	// Connections returns all connections that Upgrade has made and that are not closed, to find those that hold most of a budget.
	Connections func() []*Conn

	Reading Budget // of the memory of messages that are read
	Sending Budget // of messages that are queued, and of what waits in each Early; one that is queued for several connections counts once

	early earlySet // what they hold is part of Sending

	broadcasting sync.Mutex // held while one message is queued for several connections

	inflaters sync.Pool // of *inflater, held only while a compressed message is read
	deflaters sync.Pool // of *flate.Writer, held only while a message is compressed
}

// Options configure a WebSocket. Owner and the limits are required, except for the rates.
type Options struct {
	Owner        Owner
	Subprotocol  string  // that is agreed to; empty: none
	ServerHeader string  // of the answer; empty: none
	Deflate      Deflate // is agreed to, see AgreeToDeflate

	MaxMessage                int64         // bytes of a message; over it: EndedTooBig
	MessageRate, MessageBurst int           // messages per second on average, and at once; over it: EndedFlood; rate 0: no limit
	ControlRate, ControlBurst int           // the same for control frames and empty ones
	SendQueue, SendQueueBytes int           // messages and control frames that may wait, and their bytes; over it: ErrFull
	WriteTimeout              time.Duration // of one message; over it the client is slow
	MessageTimeout            time.Duration // for the rest of a message that has begun; over it: EndedUnfinished
}

// Upgrade takes over the connection of a handshake that the caller has checked. The answer, 101, waits for Conn.Greet. If Upgrade
// returns an error, the client has been answered if that was possible. Otherwise the caller has to call Greet, Read and CloseRead, or
// Abort.
func (u *Upgrader) Upgrade(w http.ResponseWriter, r *http.Request, o Options) (*Conn, error) {
	c := u.newConn(o)
	header := http.Header{}
	if o.Subprotocol != "" {
		header.Set("Sec-WebSocket-Protocol", o.Subprotocol)
	}
	if o.ServerHeader != "" {
		header.Set("Server", o.ServerHeader)
	}
	if o.Deflate != NoDeflate {
		header["Sec-WebSocket-Extensions"] = []string{o.Deflate.header()} // in this spelling gorilla lets it pass
	}
	if err := c.takeOver(w, r, header); err != nil {
		return nil, err
	}
	c.queue.head = &Message{frame: c.check.answer}
	c.check.answer = nil
	return c, nil
}

func (u *Upgrader) newConn(o Options) *Conn {
	return &Conn{upgrader: u, owner: o.Owner, timeout: o.WriteTimeout,
		check: frameCheck{limit: o.MaxMessage, deflate: o.Deflate != NoDeflate, messages: newLimiter(o.MessageRate, o.MessageBurst),
			empty: newLimiter(o.ControlRate, o.ControlBurst)},
		inWindow: o.Deflate == DeflateInWindow, messageTime: o.MessageTimeout,
		queue: sendQueue{limit: o.SendQueue, bytes: o.SendQueueBytes, budget: &u.Sending}}
}

// takeOver takes the connection over from w. The frame check gets the answer.
func (c *Conn) takeOver(w http.ResponseWriter, r *http.Request, header http.Header) (err error) {
	upgrader := websocket.Upgrader{ // with the read buffer of hijacker
		WriteBufferPool: noBuffers{},
		CheckOrigin:     func(*http.Request) bool { return true }, // the caller has
	}
	if c.gorilla, err = upgrader.Upgrade(hijacker{w, c}, r, header); err != nil {
		return err
	}
	c.gorilla.SetPingHandler(c.pong)
	c.gorilla.SetPongHandler(func(string) error { c.owner.OnPong(); return nil })
	return nil
}

// pong answers a ping. Its error ends reading.
func (c *Conn) pong(data string) error {
	err := c.Send(NewMessage(OpPong, []byte(data)))
	if errors.Is(err, ErrClosed) { // the client still has to see our close frame
		return nil
	}
	return err
}

// noBuffers keeps gorilla from allocating a write buffer for each connection: it writes no message.
type noBuffers struct{}

func (noBuffers) Get() any { return nil }
func (noBuffers) Put(any)  {}

// hijacker hands gorilla the connection through the frame check.
type hijacker struct {
	http.ResponseWriter
	conn *Conn
}

// Hijack takes over the connection. A client that has not waited for the handshake's answer (RFC 6455, section 4.1) is answered here,
// since gorilla only closes its connection.
func (h hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffers, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	c := h.conn
	c.conn, c.check.Conn, c.raw = conn, patientConn{conn, c}, newRawConn(conn)
	if buffers.Reader.Buffered() > 0 {
		_ = conn.SetWriteDeadline(time.Now().Add(closeWait))
		_, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		return &c.check, buffers, nil
	}
	c.buffer = bufio.NewReaderSize(&c.check, readBuffer)
	return &c.check, bufio.NewReadWriter(c.buffer, buffers.Writer), nil
}
