package socket

import (
	"errors"
	"fmt"
)

// Frame is a whole message or control frame from a server.
type Frame struct {
	Opcode  Opcode
	Payload []byte // shares the parsed bytes
}

var errShortFrame = errors.New("bytes end inside a frame")

// ParseFrames splits the bytes that a handler gave to do_reply into frames (RFC 6455, section 5.2). Frames of a server are
// unmasked; the legacy encoder makes no fragments and no extension bits, so those are errors. With an error it returns the
// frames before the bad one.
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

func parseFrame(b []byte) (f Frame, size int, err error) {
	var h header
	have := copy(h[:], b)
	op := h.opcode()
	switch {
	case have < 2:
		return f, 0, errShortFrame
	case !h.isFinal() || h.reserved() != 0:
		return f, 0, fmt.Errorf("fragment or extension bits: %#02x", h[0])
	case h.isMasked():
		return f, 0, errors.New("masked")
	case !op.isDefined() || op == opContinuation:
		return f, 0, fmt.Errorf("opcode %d", op)
	case have < h.size():
		return f, 0, errShortFrame
	}
	length, _ := h.length()
	switch {
	case op.isControl() && length > maxControl:
		return f, 0, fmt.Errorf("control frame of %d bytes", length)
	case length > uint64(len(b)-h.size()):
		return f, 0, errShortFrame
	}
	size = h.size() + int(length)
	return Frame{op, b[h.size():size]}, size, nil
}
