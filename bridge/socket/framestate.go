package socket

import (
	"errors"
	"fmt"
	"math"
)

// frameState returns Frame and Left of a State. Gorilla has taken all that has come of the current frame, except for what it can only use whole:
// parts of the header, which the frame check has, too, and the payload of a control frame, which is in the buffer.
func (c *Conn) frameState() (frame []byte, left int64) {
	f := &c.check
	switch {
	case f.isWhole():
		return nil, 0
	case !f.headed():
		return f.head[:f.have], 0
	case !f.head.opcode().isControl():
		return f.head[:f.have], f.left
	}
	payload, _ := c.buffer.Peek(c.buffer.Buffered())
	return append(append([]byte{}, f.head[:f.have]...), payload...), 0
}

// restore brings the check to where it was. What has come is checked again, without the limits, which have been applied.
func (f *frameCheck) restore(s *State) error {
	m := s.Message
	begins := beginsMessage(s.Frame)
	fresh := frameCheck{limit: math.MaxInt64 / 4, deflate: f.deflate, more: m != nil && !begins}
	if m != nil {
		fresh.packed = m.Compressed
	}
	if err := fresh.restoreFrame(s.Frame, s.Left); err != nil {
		return fmt.Errorf("frame: %w", err)
	}
	switch {
	case begins && fresh.headed() != (m != nil):
		return errors.New("message: does not begin with its first frame")
	case m == nil:
	case !m.Opcode.isData() || begins && m.Opcode != fresh.head.opcode():
		return fmt.Errorf("message: opcode %d", m.Opcode)
	case m.Compressed != fresh.packed || m.Compressed && !f.deflate:
		return errors.New("message: is compressed, which it must not be, or the other way round")
	default:
		fresh.restoreMessage(m)
	}
	fresh.Conn, fresh.limit, fresh.messages, fresh.empty = f.Conn, f.limit, f.messages, f.empty
	*f = fresh
	return nil
}

// beginsMessage reports whether a frame is the first one of a message.
func beginsMessage(frame []byte) bool { return len(frame) > 0 && Opcode(frame[0]&opcodeBits).isData() }

// restoreMessage is called after restoreFrame. Before this frame, as much was announced as has come.
func (f *frameCheck) restoreMessage(m *Partial) {
	f.length = int64(len(m.Payload))
	if f.have > 0 && !f.head.opcode().isControl() {
		f.length += f.left
	}
	if f.deflate {
		f.unasked = []bool{m.Compressed}
	}
}

func (f *frameCheck) restoreFrame(frame []byte, left int64) error {
	payload := frame
	for len(payload) > 0 && !f.headed() {
		if err := f.header(payload[0]); err != nil {
			return err
		}
		payload = payload[1:]
	}
	switch isControl := f.head.opcode().isControl(); {
	case !f.headed() && left == 0:
		return nil
	case f.headed() && f.left <= int64(len(payload)):
		return errors.New("is whole")
	case isControl && f.headed() && left == 0:
		return f.payload(payload)
	case isControl, !f.headed(), left <= 0, left > f.left:
		return fmt.Errorf("%d bytes left", left)
	case len(payload) > 0:
		return fmt.Errorf("%d bytes after the header", len(payload))
	}
	f.left = left
	return nil
}

// replay returns what gorilla has to read before anything new, to be where it was. It begins a message that had begun with a frame for what is
// left of the current one, or else with an empty frame.
func (s *State) replay() []byte {
	var b []byte
	if m := s.Message; m != nil {
		if s.Left > 0 {
			return s.replayRest()
		}
		b = append(b, byte(m.Opcode), maskBit, 0, 0, 0, 0)
	}
	at := len(b)
	if b = append(b, s.Frame...); beginsMessage(s.Frame) {
		b[at] &^= rsv1Bit
	}
	return b
}

// replayRest returns the header of a frame for what is left of the current one, whose key goes on where it was.
func (s *State) replayRest() []byte {
	var h header
	size := copy(h[:], s.Frame)
	whole, _ := h.length()
	done := int((whole - uint64(s.Left)) % keySize)
	b := appendHeader(nil, h[0]&finBit|byte(s.Message.Opcode), int(s.Left))
	b[1] |= maskBit
	for i := range keySize {
		b = append(b, h[size-keySize+(done+i)%keySize])
	}
	return b
}
