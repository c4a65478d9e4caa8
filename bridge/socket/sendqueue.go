package socket

import (
	"errors"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

var (
	// ErrFull says that a client has not read what it was sent before: its send queue is full.
	ErrFull = errors.New("client does not read")
	// ErrClosed says that a connection's last frame is queued, or its socket has ended.
	ErrClosed = errors.New("client is gone")
)

// closeWait bounds how long a client may take to answer our close frame before its socket is closed all the same. Browsers
// answer at once.
const closeWait = 2 * time.Second

// leastDeflated is the size from which on a message is compressed: nothing is gained with less.
const leastDeflated = 256

// manyQueued is when a client's pongs begin to replace each other. Those who send a few pings at once want each answered.
const manyQueued = 32

// The ops of bytes that go to the socket as they are.
const (
	opRest     = -1 // what it has not taken of a frame
	opGreeting = -2 // the handshake's answer, before all frames
)

// Message is a message, a control frame, or the end of the connection.
type Message struct {
	op       int // a websocket message type, or one of ours; 0 drops the connection without a close frame
	data     []byte
	prepared *websocket.PreparedMessage // instead of op and data: shared with other clients
	size     int                        // of the message
}

// NewMessage returns a message, or a control frame, that any number of connections may be sent. The payload must not change any more.
func NewMessage(op Opcode, payload []byte) *Message {
	m := &Message{op: int(op), data: payload, size: len(payload)}
	if op == OpText || op == OpBinary {
		m.prepared, _ = websocket.NewPreparedMessage(int(op), payload) // into memory: it cannot fail
	}
	return m
}

// Size is the payload's, in bytes.
func (o *Message) Size() int { return o.size }

// IsMessage reports whether it is a text or binary message, and no control frame.
func (o *Message) IsMessage() bool { return o.isMessage() }

// isMessage reports whether it is none of the control frames, nor the end.
func (o *Message) isMessage() bool {
	return o.prepared != nil || o.op == opRest || o.op == websocket.TextMessage || o.op == websocket.BinaryMessage
}

func (o *Message) last() bool {
	return o.prepared == nil && (o.op == 0 || o.op == websocket.CloseMessage)
}

// outbox holds what a client is sent until its socket takes it. Its writer is a goroutine only while there is something
// to write: an idle client costs none.
type outbox struct {
	conn    *websocket.Conn
	guard   *guard       // its socket
	spawn   func(func()) // starts the writer where somebody waits for it
	ended   func(drop bool, err error)
	told    func(m *Message, took time.Duration) // of a message or a control frame that the socket has taken
	timeout time.Duration
	deflate bool // messages may be compressed
	limit   int  // messages, those being written included
	bytes   int  // and their bytes; a single message may have more

	mu      sync.Mutex // guards the fields below
	queue   []Message
	held    int // messages in queue, and taken from it but not written yet
	size    int // their bytes
	running bool
	closed  bool // the last item is queued
	aborted bool // what the writer has taken and not begun is not to be written
}

// push queues o and never blocks. Its data must not change any more.
func (b *outbox) push(o Message, size int) error {
	idle, err := b.enter(o, size)
	if idle {
		b.spawn(b.drain)
	}
	return err
}

// enter is push for callers that start the writer: it reports whether there is none.
func (b *outbox) enter(o Message, size int) (idle bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false, ErrClosed
	}
	if b.replacesPong(o) { // those bytes are few enough not to be counted again
		b.queue[len(b.queue)-1] = o
		return false, nil
	}
	if b.held >= b.limit || b.held > 0 && b.size+size > b.bytes {
		return false, ErrFull
	}
	o.size = size
	b.held++
	b.size += size
	return b.add(o), nil
}

// replacesPong reports whether o answers a ping that came behind the one that the last item answers, while there is much to be
// written: the latest is enough then (RFC 6455, section 5.5.3), and a flood of pings queues nothing.
func (b *outbox) replacesPong(o Message) bool {
	n := len(b.queue)
	return o.op == websocket.PongMessage && n >= manyQueued && b.queue[n-1].op == websocket.PongMessage
}

// length returns what waits or is being written: messages and control frames, and their bytes.
func (b *outbox) length() (items, bytes int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.held, b.size
}

// close queues the end of the connection behind everything else: a close frame, or with code 0 just the end.
func (b *outbox) close(code int, reason string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.end(code, reason)
}

// abort is close for a client that does not read: what it is still owed is dropped.
func (b *outbox) abort(code int, reason string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.queue, b.aborted = begun(b.queue), true
	}
	b.end(code, reason)
}

func (b *outbox) end(code int, reason string) {
	if b.closed {
		return
	}
	b.closed = true
	o := Message{}
	if code != 0 {
		o = Message{op: websocket.CloseMessage, data: websocket.FormatCloseMessage(code, reason)}
	}
	if idle := b.add(o); idle {
		b.spawn(b.drain)
	}
}

// greet queues the handshake's answer, before anybody else can queue anything. The caller starts the writer.
func (b *outbox) greet(answer []byte) {
	b.held, b.running = 1, true
	b.queue = []Message{{op: opGreeting, data: answer}}
}

// add reports whether a writer has to be started.
func (b *outbox) add(o Message) (idle bool) {
	b.queue = append(b.queue, o)
	idle = !b.running
	b.running = true
	return idle
}

func (b *outbox) drain() {
	for {
		items := b.take()
		if items == nil {
			return
		}
		for i, o := range items {
			err := b.writeOne(o, func() bool { return true })
			if err != nil || o.last() {
				b.finish(o, err)
				return
			}
			items[i] = Message{}
			if goOn := b.let(o); !goOn {
				break
			}
		}
	}
}

// writeOne writes o, and lets it be known how long that took if it is written whole.
func (b *outbox) writeOne(o Message, whole func() bool) error {
	began := time.Now()
	err := b.write(o)
	if err == nil && whole() && o.op != opGreeting {
		b.told(&o, time.Since(began))
	}
	return err
}

// let makes room for as much as o was, and reports whether what was taken with it is still to be written.
func (b *outbox) let(o Message) (goOn bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held--
	b.size -= o.size
	return !b.aborted
}

// take returns what is queued, or nil if the writer is to rest.
func (b *outbox) take() []Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	items := b.queue
	b.queue, b.aborted = nil, false
	b.running = len(items) > 0
	return items
}

// finish leaves the outbox closed for good; running stays set, so no writer starts again.
func (b *outbox) finish(o Message, err error) {
	b.mu.Lock()
	b.closed = true
	b.queue = nil
	b.mu.Unlock()
	b.ended(o.op == 0 || err != nil, err)
}

func (b *outbox) write(o Message) error {
	deadline := time.Now().Add(b.timeout)
	switch {
	case o.prepared != nil:
	case o.op == 0:
		return nil
	case o.op < 0:
		return b.writeBytes(o.data, deadline)
	case o.op >= websocket.CloseMessage:
		return b.conn.WriteControl(o.op, o.data, deadline)
	}
	if err := b.conn.SetWriteDeadline(deadline); err != nil {
		return err
	}
	deflate := b.deflate && o.size >= leastDeflated
	b.conn.EnableWriteCompression(deflate)
	if deflate && o.prepared == nil {
		// Compressed before any of it is written: a client that is slow would hold the compressor, which is large.
		prepared, err := websocket.NewPreparedMessage(o.op, o.data)
		if err != nil {
			return err
		}
		o.prepared = prepared
	}
	if o.prepared != nil {
		return b.conn.WritePreparedMessage(o.prepared)
	}
	return b.conn.WriteMessage(o.op, o.data)
}

func (b *outbox) writeBytes(data []byte, deadline time.Time) error {
	if err := b.guard.SetWriteDeadline(deadline); err != nil {
		return err
	}
	_, err := b.guard.Write(data)
	return err
}
