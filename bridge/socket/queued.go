package socket

import (
	"errors"
	"fmt"
)

// Queued is a message as another process needs it.
type Queued struct {
	Opcode   Opcode // 0: Payload is no frame, but the rest of a handshake's answer
	Payload  []byte
	Deflated []byte // the frame with its payload compressed, if that was made; else nil
}

// Messages are those that are queued for connections which move to another process. A message that is queued for several connections is in it
// once, under a number that their States have. The zero value is empty. It must not be used concurrently.
type Messages struct {
	all     []*Message
	numbers map[*Message]int
}

// number returns the number of m, which it adds if need be.
func (q *Messages) number(m *Message) int {
	n, ok := q.numbers[m]
	if !ok {
		if q.numbers == nil {
			q.numbers = map[*Message]int{}
		}
		n = len(q.all)
		q.numbers[m], q.all = n, append(q.all, m)
	}
	return n
}

// Len returns how many messages there are.
func (q *Messages) Len() int { return len(q.all) }

// From returns the messages from that number on, which is at most Len. They share their memory with what the connections hold, and must not be
// changed.
func (q *Messages) From(number int) []Queued {
	var all []Queued
	for _, m := range q.all[number:] {
		queued := Queued{Opcode: m.op, Payload: m.frame}
		if m.op != 0 {
			queued.Payload = m.frame[len(m.frame)-m.size:]
		}
		if m.isDeflated.Load() {
			queued.Deflated = m.deflated
		}
		all = append(all, queued)
	}
	return all
}

// Add gives a message the next number, in the process that takes the connections over. The error says what is wrong with it.
func (q *Messages) Add(queued Queued) error {
	m, err := queued.message()
	if err != nil {
		return fmt.Errorf("queued message %d: %w", len(q.all), err)
	}
	q.number(m)
	return nil
}

func (q Queued) message() (*Message, error) {
	switch op := q.Opcode; {
	case op == 0 && len(q.Payload) > 0 && q.Deflated == nil:
		return &Message{frame: q.Payload}, nil
	case !op.isData() && op != OpPing && op != OpPong:
		return nil, fmt.Errorf("opcode %d", op)
	case op.isControl() && len(q.Payload) > maxControl:
		return nil, fmt.Errorf("control frame of %d bytes", len(q.Payload))
	}
	m := NewMessage(q.Opcode, q.Payload)
	if q.Deflated == nil {
		return m, nil
	}
	if !isDeflatedFrame(q.Deflated, q.Opcode) {
		return nil, errors.New("compressed frame is malformed")
	}
	m.deflating.Do(func() { m.deflated = q.Deflated })
	m.isDeflated.Store(true)
	return m, nil
}

// isDeflatedFrame reports whether b is one frame of a compressed message. What is compressed is not looked at.
func isDeflatedFrame(b []byte, op Opcode) bool {
	var h header
	if copy(h[:], b) < 2 || h[0] != finBit|rsv1Bit|byte(op) || h.isMasked() || len(b) < h.size() {
		return false
	}
	length, _ := h.length()
	return length == uint64(len(b)-h.size())
}
