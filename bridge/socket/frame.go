package socket

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Opcode is a frame's opcode (RFC 6455, section 11.8).
type Opcode byte

const (
	OpText   Opcode = 1
	OpBinary Opcode = 2
	OpClose  Opcode = 8
	OpPing   Opcode = 9
	OpPong   Opcode = 10
)

// Frame is a whole message or control frame from a server.
type Frame struct {
	Opcode  Opcode
	Payload []byte // shares the parsed bytes
}

// ErrShortFrame says that the bytes end inside a frame.
var ErrShortFrame = errors.New("bytes end inside a frame")

// ParseFrames splits what a handler gave to do_reply into its frames (RFC 6455, section 5.2). Frames of a server are
// unmasked; the legacy encoder makes no fragments and no extension bits, so those are errors.
func ParseFrames(b []byte) ([]Frame, error) {
	var frames []Frame
	for len(b) > 0 {
		frame, size, err := parseFrame(b)
		if err != nil {
			return frames, fmt.Errorf("parse frame %d: %w", len(frames)+1, err)
		}
		frames = append(frames, frame)
		b = b[size:]
	}
	return frames, nil
}

func parseFrame(b []byte) (Frame, int, error) {
	if len(b) < 2 {
		return Frame{}, 0, ErrShortFrame
	}
	op := Opcode(b[0] & 0x0f)
	if b[0]&0xf0 != 0x80 {
		return Frame{}, 0, fmt.Errorf("fragment or extension bits: %#02x", b[0])
	}
	if b[1]&0x80 != 0 {
		return Frame{}, 0, errors.New("masked")
	}
	switch op {
	case OpText, OpBinary, OpClose, OpPing, OpPong:
	default:
		return Frame{}, 0, fmt.Errorf("opcode %d", op)
	}
	head, length, err := payloadLength(b)
	if err != nil {
		return Frame{}, 0, err
	}
	if op >= OpClose && length > 125 {
		return Frame{}, 0, fmt.Errorf("control frame of %d bytes", length)
	}
	if length > uint64(len(b)-head) {
		return Frame{}, 0, ErrShortFrame
	}
	end := head + int(length)
	return Frame{op, b[head:end]}, end, nil
}

// payloadLength returns the header's size and the length it announces.
func payloadLength(b []byte) (head int, length uint64, err error) {
	switch n := b[1]; {
	case n <= 125:
		return 2, uint64(n), nil
	case n == 126 && len(b) >= 4:
		return 4, uint64(binary.BigEndian.Uint16(b[2:])), nil
	case n == 127 && len(b) >= 10:
		return 10, binary.BigEndian.Uint64(b[2:]), nil
	}
	return 0, 0, ErrShortFrame
}
