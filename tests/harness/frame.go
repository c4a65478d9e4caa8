package harness

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Opcodes (RFC 6455, section 11.8).
const (
	OpContinuation = 0x0
	OpText         = 0x1
	OpBinary       = 0x2
	OpClose        = 0x8
	OpPing         = 0x9
	OpPong         = 0xa
)

// Frame is one frame as it is sent, or was received.
type Frame struct {
	Op      byte
	More    bool // FIN is not set
	RSV     byte // the three reserved bits, RSV1 is 4
	Payload string
}

// Text is a message, or its first frame.
func Text(payload string) Frame { return Frame{Op: OpText, Payload: payload} }

// Bin is Text of a binary message.
func Bin(payload string) Frame { return Frame{Op: OpBinary, Payload: payload} }

// Rest is a further frame of a message, its last unless it is made a Part.
func Rest(payload string) Frame { return Frame{Op: OpContinuation, Payload: payload} }

// Ping is a control frame.
func Ping(payload string) Frame { return Frame{Op: OpPing, Payload: payload} }

// Pong is a control frame.
func Pong(payload string) Frame { return Frame{Op: OpPong, Payload: payload} }

// Closing is a close frame.
func Closing(code uint16, reason string) Frame {
	return Frame{Op: OpClose, Payload: string(binary.BigEndian.AppendUint16(nil, code)) + reason}
}

// Part is f without FIN.
func (f Frame) Part() Frame {
	f.More = true
	return f
}

// Reserved is f with reserved bits.
func (f Frame) Reserved(bits byte) Frame {
	f.RSV = bits
	return f
}

func (f Frame) String() string {
	return fmt.Sprintf("opcode %d, more %v, rsv %d, %d bytes: %.60q", f.Op, f.More, f.RSV, len(f.Payload), f.Payload)
}

// Size is how a frame's length is written: the shortest form, unless a test asks for a longer one.
type Size int

// The forms of RFC 6455, section 5.2.
const (
	Shortest Size = iota
	In16
	In64
)

// Append writes f as a client does, masked.
func (f Frame) Append(b []byte) []byte {
	return f.AppendMasked(b, [4]byte{0x37, 0xfa, 0x21, 0x3d}, Shortest)
}

// AppendMasked is Append with another key, or another form of the length.
func (f Frame) AppendMasked(b []byte, key [4]byte, s Size) []byte {
	b = f.AppendHead(b, uint64(len(f.Payload)), s, true)
	b = append(b, key[:]...)
	for i := range len(f.Payload) {
		b = append(b, f.Payload[i]^key[i%4])
	}
	return b
}

// AppendHead writes the header but for the mask's key, with any length.
func (f Frame) AppendHead(b []byte, length uint64, s Size, masked bool) []byte {
	first, second := f.Op|f.RSV<<4, byte(0)
	if !f.More {
		first |= 0x80
	}
	if masked {
		second = 0x80
	}
	switch {
	case length > 65535 || s == In64:
		return binary.BigEndian.AppendUint64(append(b, first, second|127), length)
	case length > 125 || s == In16:
		return binary.BigEndian.AppendUint16(append(b, first, second|126), uint16(length))
	}
	return append(b, first, second|byte(length))
}

// Fragments is a message in frames of that many bytes of payload.
func Fragments(op byte, payload string, each int) []Frame {
	frames := []Frame{}
	for len(payload) > each {
		frames = append(frames, Frame{Op: op, More: true, Payload: payload[:each]})
		op, payload = OpContinuation, payload[each:]
	}
	return append(frames, Frame{Op: op, Payload: payload})
}

// AppendAll writes frames one after the other.
func AppendAll(b []byte, frames []Frame) []byte {
	for _, f := range frames {
		b = f.Append(b)
	}
	return b
}

// readFrame reads one frame of a server, which must not be masked.
func readFrame(r *bufio.Reader) (Frame, error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return Frame{}, err
	}
	if head[1]&0x80 != 0 {
		return Frame{}, errors.New("a server's frame is masked")
	}
	length := uint64(head[1])
	var err error
	switch length {
	case 126:
		length, err = readUint(r, 2)
	case 127:
		length, err = readUint(r, 8)
	}
	if err != nil || length > 1<<26 {
		return Frame{}, fmt.Errorf("frame of %d bytes: %v", length, err)
	}
	payload := make([]byte, length)
	_, err = io.ReadFull(r, payload)
	return Frame{Op: head[0] & 0xf, More: head[0]&0x80 == 0, RSV: head[0] >> 4 & 7, Payload: string(payload)}, err
}

func readUint(r io.Reader, bytes int) (n uint64, err error) {
	var b [8]byte
	_, err = io.ReadFull(r, b[8-bytes:])
	return binary.BigEndian.Uint64(b[:]), err
}
