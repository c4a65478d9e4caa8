package socket

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
)

// minDeflated is the size in bytes from which messages are compressed. Compression gains nothing below it.
const minDeflated = 256

// Message is a text or binary message, or a control frame. It is made a frame once and never changes, so any number of connections
// may be sent it concurrently.
type Message struct {
	op    Opcode // 0: no frame, but bytes of the handshake, or no bytes at all for the end without a close frame
	size  int    // of the payload
	frame []byte

	holders atomic.Int32 // queues in which it counts

	deflating  sync.Once // guards deflated
	deflated   []byte    // the frame with its payload compressed
	isDeflated atomic.Bool
}

// NewMessage copies payload into a frame. A control frame's payload is at most 125 bytes long.
func NewMessage(op Opcode, payload []byte) *Message {
	frame := appendHeader(make([]byte, 0, maxHeader+len(payload)), finBit|byte(op), len(payload))
	return &Message{op: op, size: len(payload), frame: append(frame, payload...)}
}

func newClose(code int, reason string) *Message {
	return NewMessage(OpClose, append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason...))
}

// CloseFrame returns the bytes of a close frame.
func CloseFrame(code int, reason string) []byte { return newClose(code, reason).frame }

// Size returns the payload's length in bytes.
func (m *Message) Size() int { return m.size }

// IsControl reports whether m is a control frame.
func (m *Message) IsControl() bool { return !m.op.isData() }

// isLast reports whether nothing may be written after m.
func (m *Message) isLast() bool { return m.op == OpClose || len(m.frame) == 0 }

// overhead is about how many bytes a message takes besides its frame.
const overhead = 128

// hold counts m for one more queue. It takes memory once, for however many it is queued.
func (m *Message) hold(b *Budget) {
	if m.holders.Add(1) == 1 {
		b.add(len(m.frame) + overhead)
	}
}

// release must be called once after each hold.
func (m *Message) release(b *Budget) {
	if m.holders.Add(-1) == 0 {
		b.add(-len(m.frame) - overhead)
	}
}

// deflatedFrame compresses m when it is called first, while other callers wait.
func (m *Message) deflatedFrame(pool *sync.Pool) []byte {
	m.deflating.Do(func() {
		payload := m.frame[len(m.frame)-m.size:]
		m.deflated = deflate(pool, m.op, payload)
		m.isDeflated.Store(true)
	})
	return m.deflated
}
