package conformance

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Opcodes (RFC 6455, section 11.8).
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xa
)

// frame is one frame as it is sent, or was received.
type frame struct {
	op      byte
	more    bool // FIN is not set
	rsv     byte // the three reserved bits, RSV1 is 4
	payload string
}

func text(payload string) frame { return frame{op: opText, payload: payload} }
func bin(payload string) frame  { return frame{op: opBinary, payload: payload} }
func rest(payload string) frame { return frame{op: opContinuation, payload: payload} }
func ping(payload string) frame { return frame{op: opPing, payload: payload} }
func pong(payload string) frame { return frame{op: opPong, payload: payload} }

func closing(code uint16, reason string) frame {
	return frame{op: opClose, payload: string(binary.BigEndian.AppendUint16(nil, code)) + reason}
}

// part is f without FIN.
func (f frame) part() frame {
	f.more = true
	return f
}

// reserved is f with reserved bits.
func (f frame) reserved(bits byte) frame {
	f.rsv = bits
	return f
}

func (f frame) String() string {
	return fmt.Sprintf("opcode %d, more %v, rsv %d, %d bytes: %.60q", f.op, f.more, f.rsv, len(f.payload), f.payload)
}

// size is how a frame's length is written: the shortest form, unless a test asks for a longer one.
type size int

const (
	shortest size = iota
	in16
	in64
)

// append writes f as a client does, masked.
func (f frame) append(b []byte) []byte {
	return f.appendMasked(b, [4]byte{0x37, 0xfa, 0x21, 0x3d}, shortest)
}

func (f frame) appendMasked(b []byte, key [4]byte, s size) []byte {
	b = f.appendHead(b, uint64(len(f.payload)), s, true)
	b = append(b, key[:]...)
	for i := range len(f.payload) {
		b = append(b, f.payload[i]^key[i%4])
	}
	return b
}

// appendHead writes the header but for the mask's key, with any length.
func (f frame) appendHead(b []byte, length uint64, s size, masked bool) []byte {
	first, second := f.op|f.rsv<<4, byte(0)
	if !f.more {
		first |= 0x80
	}
	if masked {
		second = 0x80
	}
	switch {
	case length > 65535 || s == in64:
		return binary.BigEndian.AppendUint64(append(b, first, second|127), length)
	case length > 125 || s == in16:
		return binary.BigEndian.AppendUint16(append(b, first, second|126), uint16(length))
	}
	return append(b, first, second|byte(length))
}

// fragments is a message in frames of that many bytes of payload.
func fragments(op byte, payload string, each int) []frame {
	frames := []frame{}
	for len(payload) > each {
		frames = append(frames, frame{op: op, more: true, payload: payload[:each]})
		op, payload = opContinuation, payload[each:]
	}
	return append(frames, frame{op: op, payload: payload})
}

// readFrame reads one frame of a server, which must not be masked.
func readFrame(r *bufio.Reader) (frame, error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return frame{}, err
	}
	if head[1]&0x80 != 0 {
		return frame{}, errors.New("a server's frame is masked")
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
		return frame{}, fmt.Errorf("frame of %d bytes: %v", length, err)
	}
	payload := make([]byte, length)
	_, err = io.ReadFull(r, payload)
	return frame{op: head[0] & 0xf, more: head[0]&0x80 == 0, rsv: head[0] >> 4 & 7, payload: string(payload)}, err
}

func readUint(r io.Reader, bytes int) (n uint64, err error) {
	var b [8]byte
	_, err = io.ReadFull(r, b[8-bytes:])
	return binary.BigEndian.Uint64(b[:]), err
}
