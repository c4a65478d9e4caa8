package socket

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// Owner is told what becomes of a Conn. Its methods are called by goroutines that read and write, so only OnMessage may block.
type Owner interface {
	// OnMessage is called when a message begins, before its payload is read. It may block while the owner has no room; TCP then
	// pushes back. False refuses the message: reading ends with EndedNoBinary.
	OnMessage(op Opcode) bool
	// OnPong is called for each pong.
	OnPong()
	// OnSent is called when the socket has taken a message or a control frame; took is the time that it needed.
	OnSent(m *Message, took time.Duration)
	// OnWriterEnd is called once, when nothing more is written; slow says that the client did not read for as long as
	// Options.WriteTimeout.
	OnWriterEnd(slow bool)
	// OnClosed is called once, after OnWriterEnd and CloseRead, when the socket is closed.
	OnClosed()
}

// Conn is one WebSocket. One goroutine at a time calls Read and CloseRead; all other methods may be called concurrently, and none of
// them blocks.
type Conn struct {
	conn     *websocket.Conn
	guard    *guard
	out      *outbox
	upgrader *Upgrader
	owner    Owner

	halves atomic.Int32 // reader and writer that have ended; the second closes the socket

	mu        sync.Mutex // guards the fields below
	wrote     bool       // what the client was owed, and our close frame
	lingering bool       // it is waited for to end the connection
}

// End is how reading ended. Code and Reason are those of the close frame that the client is owed; code 0 means that it is sent none.
type End struct {
	Ending outcome.Ending
	Code   int
	Reason string
	Err    error // what a client did wrong, or the socket's own error
}

// Violation reports whether the client did what it must not.
func (e *End) Violation() bool {
	_, ok := errors.AsType[*violation](e.Err)
	return ok
}

// Greet sends the handshake's answer. It is called once; what was sent before waits for it.
func (c *Conn) Greet() { c.upgrader.Spawn(c.out.drain) }

// Read blocks until a whole message has come, and returns its payload, which the caller owns. Pings are answered meanwhile. An
// end that is not nil is final.
func (c *Conn) Read() (op Opcode, payload []byte, end *End) {
	kind, r, err := c.conn.NextReader()
	switch op = Opcode(kind); {
	case err != nil:
	case !c.owner.OnMessage(op):
		err = &violation{outcome.EndedNoBinary, "binary message without a handler"}
	default:
		payload, err = c.readPayload(r, op == OpText)
	}
	if err != nil {
		return 0, nil, newEnd(c.cause(err))
	}
	return op, payload, nil
}

func (c *Conn) readPayload(r io.Reader, text bool) ([]byte, error) {
	m := message{limit: c.guard.limit, text: text}
	if c.guard.compressed() {
		i := newInflater(&c.upgrader.inflaters, r)
		defer i.release(&c.upgrader.inflaters)
		r, m.more = i, i.next
	}
	err := m.read(r, c.guard.length)
	return m.data, err
}

// cause returns what an error comes from. The guard knows better than gorilla, but may be ahead of what has been read.
func (c *Conn) cause(err error) error {
	switch _, ok := errors.AsType[*violation](err); {
	case ok, errors.Is(err, ErrFull):
		return err
	case c.guard.err != nil:
		return c.guard.err
	}
	return wrong("%v", err)
}

func newEnd(err error) *End {
	var bad *violation
	var closed *websocket.CloseError
	var network net.Error
	end := &End{Ending: outcome.EndedByHangup, Err: err}
	switch {
	case errors.As(err, &bad):
		end.Ending = bad.ending
	case errors.As(err, &closed):
		return &End{outcome.EndedByClient, replyCode(closed.Code), "", err}
	case errors.Is(err, ErrFull): // of a pong
		end.Ending = outcome.EndedSlow
	case errors.As(err, &network) && network.Timeout():
		end.Ending = outcome.EndedSilent
	}
	end.Code, end.Reason = end.Ending.Close()
	return end
}

// replyCode is the code that answers a client's close frame: its own (RFC 6455, section 5.5.1).
func replyCode(code int) int {
	if code == websocket.CloseNoStatusReceived {
		return websocket.CloseNormalClosure
	}
	return code
}

// CloseRead is called once, after Read has returned an end. It blocks while a client that is owed a close frame may still read it,
// for closeWait at most once that is written: to close a socket with something unread is a reset, which may overtake the frame.
func (c *Conn) CloseRead(end *End) {
	defer c.halfEnded()
	if end.Ending == outcome.EndedByHangup || end.Ending == outcome.EndedSilent {
		return
	}
	if wrote := c.beginLinger(); wrote && !c.halfClose() {
		return
	}
	_, _ = io.Copy(io.Discard, c.guard.Conn)
}

// KeepAlive lets the client be silent for d from now on, before Read ends with EndedSilent.
func (c *Conn) KeepAlive(d time.Duration) { _ = c.conn.SetReadDeadline(time.Now().Add(d)) } // an error Read will have, too

// Send queues m behind all that was sent before. Its errors are ErrFull and ErrClosed.
func (c *Conn) Send(m *Message) error {
	idle, err := c.out.enter(*m, m.size)
	if idle {
		c.upgrader.hurry([]*outbox{c.out})
	}
	return err
}

// Broadcast sends m to each of conns; failed is called with those that it is not queued for, and Send's error.
func Broadcast(conns []*Conn, m *Message, failed func(i int, err error)) {
	var idle []*outbox
	for i, c := range conns {
		isIdle, err := c.out.enter(*m, m.size)
		if isIdle {
			idle = append(idle, c.out)
		}
		if err != nil {
			failed(i, err)
		}
	}
	if len(idle) > 0 {
		conns[0].upgrader.hurry(idle)
	}
}

// Close queues the end of the connection behind everything else: a close frame, or with code 0 just the end.
func (c *Conn) Close(code int, reason string) { c.out.close(code, reason) }

// DropAndClose is Close for a client that does not read: what it is still owed is dropped.
func (c *Conn) DropAndClose(code int, reason string) { c.out.abort(code, reason) }

// Abort closes the socket at once.
func (c *Conn) Abort() {
	cut(c.guard.Conn)
	c.conn.Close()
}

// Queued returns what waits or is being written: messages and control frames, and their bytes.
func (c *Conn) Queued() (items, bytes int) { return c.out.length() }

// HungUp reports whether the other side has ended the connection, though perhaps not all it has sent is read.
func (c *Conn) HungUp() bool { return HungUp(c.guard.Conn) }

// written is called when the writer has ended, with the error that ended it. The other side may still answer our close frame;
// where nothing is read any more but the end, it is asked for it (RFC 6455, section 7.1.1).
func (c *Conn) written(drop bool, err error) {
	network, isNetwork := errors.AsType[net.Error](err)
	c.owner.OnWriterEnd(isNetwork && network.Timeout())
	c.mu.Lock()
	c.wrote = true
	lingering := c.lingering
	c.mu.Unlock()
	switch {
	case err != nil:
		cut(c.guard.Conn)
	case drop, lingering && !c.halfClose():
		c.conn.Close()
	default:
		c.conn.SetReadDeadline(time.Now().Add(closeWait))
	}
	c.halfEnded()
}

// halfClose ends what is written; it reports false where that cannot be.
func (c *Conn) halfClose() bool {
	half, ok := c.guard.Conn.(interface{ CloseWrite() error })
	return ok && half.CloseWrite() == nil
}

// beginLinger reports whether the writer has ended before, so that it has not asked for the other side's end.
func (c *Conn) beginLinger() (wrote bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lingering = true
	return c.wrote
}

func (c *Conn) halfEnded() {
	if c.halves.Add(1) == 2 {
		c.conn.Close()
		c.owner.OnClosed()
	}
}
