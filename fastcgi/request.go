package fastcgi

import (
	"io"
	"net"
	"slices"
	"strconv"

	"github.com/wsbridge/wsbridge/protocol"
)

// What a connection keeps for its next request.
const (
	maxKeptBuffer = 128 << 10 // bytes
	maxKeptPieces = 4 << 10
)

// request is an encoded request. Its memory is used again for the next one.
//
// A request ends with the last byte of its body. There is no padding after that, and no empty record unless endStdin is set:
// php-fpm reads as much as CONTENT_LENGTH says. So a request that was read whole leaves nothing unread, see conn.wasUnread.
type request struct {
	endStdin bool   // see Config
	token    string // marks the lines of the answer; empty: none is expected

	buf  []byte // all up to the body, and a small body
	size int    // of the body

	lines  []byte   // of the events
	blocks [][]byte // the body, in pieces of the events' memory
	pieces [][]byte // of a request with a large body
}

// encode sets the request, which shares the events' memory until it is released. A block of parameters may be at most maxContent
// long, because php-fpm does not take a pair that lies in two records.
func (q *request) encode(environment, params []byte, events []*protocol.Event) {
	q.encodeBody(events)
	size := 256 + len(environment) + len(params)
	if !q.isLarge() {
		size += q.size
	}
	b := slices.Grow(q.buf[:0], size)
	b = appendRecord(b, record{kind: typeBegin, content: 8})
	b = append(b, 0, roleResponder, flagKeepConn, 0, 0, 0, 0, 0)
	var pairs [96]byte
	own := appendPair(pairs[:0], "CONTENT_LENGTH", strconv.Itoa(q.size))
	if q.token != "" {
		own = appendPair(own, "WSBRIDGE_TOKEN", q.token)
	}
	b = appendParams(b, environment, params, own)
	b = appendRecord(b, record{kind: typeParams})
	if !q.isLarge() {
		b = q.appendBody(b)
		if q.endStdin {
			b = appendRecord(b, record{kind: typeStdin})
		}
	}
	q.buf = b
}

// encodeBody collects the pieces of the body and their size.
func (q *request) encodeBody(events []*protocol.Event) {
	q.lines, q.blocks = q.lines[:0], q.blocks[:0]
	for _, e := range events {
		start := len(q.lines)
		q.lines = e.AppendLine(q.lines)
		q.blocks = append(q.blocks, q.lines[start:]) // a piece stays as it is when the lines grow and move
		q.blocks = e.AppendBlocks(q.blocks)
	}
	q.size = 0
	for _, block := range q.blocks {
		q.size += len(block)
	}
}

// appendBody appends a body that fits one record.
func (q *request) appendBody(b []byte) []byte {
	if q.size == 0 {
		return b
	}
	b = appendRecord(b, record{kind: typeStdin, content: q.size})
	for _, block := range q.blocks {
		b = append(b, block...)
	}
	return b
}

// appendParams appends blocks of parameters, in one record if they fit, since php-fpm needs two system calls to read a record.
// It appends none for no parameters, because an empty record would end them.
func appendParams(b []byte, blocks ...[]byte) []byte {
	size := 0
	for _, block := range blocks {
		size += len(block)
	}
	if size > maxContent {
		for _, block := range blocks {
			b = appendParams(b, block)
		}
		return b
	}
	if size == 0 {
		return b
	}
	pad := padding(size)
	b = appendRecord(b, record{kind: typeParams, content: size, padding: pad})
	for _, block := range blocks {
		b = append(b, block...)
	}
	return appendZeros(b, pad)
}

// isLarge reports whether the body takes more than one record.
func (q *request) isLarge() bool { return q.size > maxContent }

// writeTo writes the request to w and returns the number of bytes written. A large request is written in many pieces, which takes
// one system call if w is a connection of package net (writev).
func (q *request) writeTo(w io.Writer) (int64, error) {
	if q.isLarge() {
		pieces := net.Buffers(q.split())
		return pieces.WriteTo(w)
	}
	n, err := w.Write(q.buf)
	return int64(n), err
}

// split returns a request with a large body in pieces, without copying the body. All records but the last are full.
func (q *request) split() [][]byte {
	q.pieces = append(q.pieces[:0], q.buf)
	left, room := q.size, 0
	for _, block := range q.blocks {
		for len(block) > 0 {
			if room == 0 {
				room = min(left, maxContent)
				q.pieces = append(q.pieces, appendRecord(nil, record{kind: typeStdin, content: room}))
				left -= room
			}
			n := min(room, len(block))
			q.pieces = append(q.pieces, block[:n])
			block, room = block[n:], room-n
		}
	}
	if q.endStdin {
		q.pieces = append(q.pieces, appendRecord(nil, record{kind: typeStdin}))
	}
	return q.pieces
}

// release drops references to the events' memory, and buffers that are too large to keep.
func (q *request) release() {
	clear(q.blocks)
	clear(q.pieces)
	if cap(q.buf) > maxKeptBuffer {
		q.buf = nil
	}
	if cap(q.blocks)+cap(q.pieces) > maxKeptPieces {
		q.blocks, q.pieces = nil, nil
	}
}
