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

// request is an encoded request. Its memory serves the next one too.
//
// It ends with the body's last byte: no padding behind that, and no empty record unless endStdin is set, which php-fpm does not
// need, since it reads as much as CONTENT_LENGTH says. So a request that is read whole leaves nothing unread, see conn.wasUnread.
type request struct {
	endStdin bool // see Config

	buf  []byte // up to the body's first record, and a small body; see pieces for a large one
	size int    // the body's

	lines  []byte   // those of a large body's events
	blocks [][]byte // a large body's pieces, uncopied
	pieces [][]byte // all that is written
	full   [headerSize]byte
	last   [headerSize]byte
}

// encode sets the request, which shares the events' memory. Both blocks of parameters are at most maxContent long: php-fpm
// wants a pair within one record.
func (q *request) encode(environment, own []byte, events []*protocol.Event) {
	q.encodeBody(events)
	size := 256 + len(environment) + len(own)
	if !q.isLarge() {
		size += q.size
	}
	b := slices.Grow(q.buf[:0], size)
	b = appendRecord(b, record{kind: typeBegin, content: 8})
	b = append(b, 0, roleResponder, flagKeepConn, 0, 0, 0, 0, 0)
	var pair [48]byte
	b = appendParams(b, environment, own, appendPair(pair[:0], "CONTENT_LENGTH", strconv.Itoa(q.size)))
	b = appendRecord(b, record{kind: typeParams})
	if !q.isLarge() {
		b = q.appendBody(b)
		if q.endStdin {
			b = appendRecord(b, record{kind: typeStdin})
		}
	}
	q.buf = b
}

// encodeBody collects the pieces of the body and adds up their size.
func (q *request) encodeBody(events []*protocol.Event) {
	q.lines, q.blocks = q.lines[:0], q.blocks[:0]
	q.size = 0
	ends := make([]int, 0, 8) // of the lines: they may move while they grow
	for _, e := range events {
		q.lines = e.AppendLine(q.lines)
		ends = append(ends, len(q.lines))
		q.size += e.BlockSize()
	}
	q.size += len(q.lines)
	start := 0
	for i, e := range events {
		q.blocks = append(q.blocks, q.lines[start:ends[i]])
		q.blocks = e.AppendBlocks(q.blocks)
		start = ends[i]
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

// writeTo writes the request to w and returns how many bytes were written. Of a large one it writes many small pieces, for which
// net's own connections have a system call (writev).
func (q *request) writeTo(w io.Writer) (int64, error) {
	if q.isLarge() {
		pieces := net.Buffers(q.split())
		return pieces.WriteTo(w)
	}
	n, err := w.Write(q.buf)
	return int64(n), err
}

// split returns a request with a large body in pieces, the body uncopied: all of its records but the last are full.
func (q *request) split() [][]byte {
	appendRecord(q.full[:0], record{kind: typeStdin, content: maxContent})
	q.pieces = append(q.pieces[:0], q.buf)
	left, room := q.size, 0
	for _, block := range q.blocks {
		for len(block) > 0 {
			if room == 0 {
				room = min(left, maxContent)
				q.pieces = append(q.pieces, q.header(room))
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

// header returns the header of a record of a large body.
func (q *request) header(content int) []byte {
	if content == maxContent {
		return q.full[:]
	}
	return appendRecord(q.last[:0], record{kind: typeStdin, content: content})
}

// release lets go of the events' memory, and of what is too large to keep.
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
