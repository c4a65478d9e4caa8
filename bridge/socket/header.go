package socket

import (
	"encoding/binary"
	"math"
)

// Opcode says what a frame is (RFC 6455, section 11.8).
type Opcode byte

const (
	opContinuation Opcode = 0
	OpText         Opcode = 1
	OpBinary       Opcode = 2
	OpClose        Opcode = 8
	OpPing         Opcode = 9
	OpPong         Opcode = 10
)

func (o Opcode) isControl() bool { return o >= OpClose }

// isData reports whether a frame with this opcode begins a message.
func (o Opcode) isData() bool { return o == OpText || o == OpBinary }

func (o Opcode) isDefined() bool {
	return o == opContinuation || o.isData() || o.isControl() && o <= OpPong
}

// Bits and lengths of a frame's header (RFC 6455, section 5.2).
const (
	finBit     = 0x80
	rsv1Bit    = 0x40
	rsvBits    = 0x70
	opcodeBits = 0x0f
	maskBit    = 0x80
	lengthBits = 0x7f
	in16       = 126 // the length is in the next two bytes
	in64       = 127 // the length is in the next eight bytes
	keySize    = 4
	maxHeader  = 2 + 8 + keySize
	maxControl = 125 // bytes of a control frame's payload
)

// header is a frame's header. Its methods need no more than its first two bytes, except for length.
type header [maxHeader]byte

func (h *header) opcode() Opcode { return Opcode(h[0] & opcodeBits) }

func (h *header) isFinal() bool { return h[0]&finBit != 0 }

func (h *header) reserved() byte { return h[0] & rsvBits }

func (h *header) isMasked() bool { return h[1]&maskBit != 0 }

// size returns the header's length in bytes.
func (h *header) size() int {
	size := h.sizeToKey()
	if h.isMasked() {
		size += keySize
	}
	return size
}

// sizeToKey returns how many bytes come before the masking key.
func (h *header) sizeToKey() int {
	switch h[1] & lengthBits {
	case in16:
		return 2 + 2
	case in64:
		return 2 + 8
	}
	return 2
}

// length returns the payload's length in bytes, and whether the header states it in the shortest form.
func (h *header) length() (n uint64, isShortest bool) {
	switch short := h[1] & lengthBits; short {
	case in16:
		n = uint64(binary.BigEndian.Uint16(h[2:]))
		return n, n >= in16
	case in64:
		n = binary.BigEndian.Uint64(h[2:])
		return n, n > math.MaxUint16
	default:
		return uint64(short), true
	}
}

// appendHeader appends the header of an unmasked frame, as servers send them.
func appendHeader(b []byte, first byte, length int) []byte {
	switch {
	case length < in16:
		return append(b, first, byte(length))
	case length <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, first, in16), uint16(length))
	}
	return binary.BigEndian.AppendUint64(append(b, first, in64), uint64(length))
}
