package fastcgi

import (
	"io"
	"net"
	"slices"
	"strconv"

	"github.com/wsbridge/wsbridge/protocol"
)

const (
	// lengthRecord is the fixed size of the record that holds CONTENT_LENGTH. The body's length is known only when the
	// body stands behind it, so its padding takes up what the number leaves.
	lengthRecord = 48
	// maxKeptBuffer bounds the buffer that a connection keeps for its next request.
	maxKeptBuffer = 128 << 10
)

// request is an encoded request. Its memory serves the next one too.
type request struct {
	buf  []byte
	body int // where the body starts in buf
	size int // the body's size

	full, last [headerSize]byte // headers of the body's records behind the first
	parts      [][]byte
}

// encode sets the request. Both blocks of parameters are at most maxContent long: php-fpm wants a pair within one
// record.
func (q *request) encode(environment, own []byte, events []*protocol.Event) {
	size := 256 + len(environment) + len(own)
	for _, e := range events {
		size += e.Size()
	}
	b := slices.Grow(q.buf[:0], size)
	b = appendRecord(b, record{kind: typeBegin, content: 8})
	b = append(b, 0, roleResponder, flagKeepConn, 0, 0, 0, 0, 0)
	b = appendParams(b, environment)
	b = appendParams(b, own)
	length := len(b)
	b = appendZeros(b, lengthRecord)
	b = appendRecord(b, record{kind: typeParams})
	b = appendZeros(b, headerSize)
	q.body = len(b)
	for _, e := range events {
		b = e.AppendTo(b)
	}
	q.size = len(b) - q.body
	putLength(b[length:length+lengthRecord], q.size)
	q.buf = q.end(b)
}

// appendParams appends a record of parameters; none for no parameters, because an empty record ends them.
func appendParams(b, params []byte) []byte {
	if len(params) == 0 {
		return b
	}
	pad := padding(len(params))
	b = appendRecord(b, record{kind: typeParams, content: len(params), padding: pad})
	b = append(b, params...)
	return appendZeros(b, pad)
}

func putLength(b []byte, length int) {
	var digits [20]byte
	value := strconv.AppendInt(digits[:0], int64(length), 10)
	const name = "CONTENT_LENGTH"
	content := 2 + len(name) + len(value)
	b = appendRecord(b[:0], record{kind: typeParams, content: content, padding: lengthRecord - headerSize - content})
	b = append(b, byte(len(name)), byte(len(value)))
	b = append(b, name...)
	_ = append(b, value...)
}

// end writes the headers of the body's records, and behind the body its padding and the end of the stream.
func (q *request) end(b []byte) []byte {
	first, rest := min(q.size, maxContent), q.size%maxContent
	if q.size == 0 { // the header in front of the body is the end of the stream
		appendRecord(b[:q.body-headerSize], record{kind: typeStdin})
		return b
	}
	if rest == 0 {
		rest = maxContent
	}
	pad := padding(rest)
	appendRecord(q.full[:0], record{kind: typeStdin, content: maxContent})
	appendRecord(q.last[:0], record{kind: typeStdin, content: rest, padding: pad})
	header := record{kind: typeStdin, content: first}
	if q.size == first {
		header.padding = pad
	}
	appendRecord(b[:q.body-headerSize], header)
	b = appendZeros(b, pad)
	return appendRecord(b, record{kind: typeStdin})
}

// writeTo writes the request to w and returns how many bytes were written.
func (q *request) writeTo(w io.Writer) (int64, error) {
	if q.size <= maxContent {
		n, err := w.Write(q.buf)
		return int64(n), err
	}
	parts := net.Buffers(q.split())
	return parts.WriteTo(w)
}

// split returns the request in pieces, the body uncopied.
func (q *request) split() [][]byte {
	at := q.body + maxContent
	q.parts = append(q.parts[:0], q.buf[:at])
	for end := q.body + q.size; end-at > maxContent; at += maxContent {
		q.parts = append(q.parts, q.full[:], q.buf[at:at+maxContent])
	}
	q.parts = append(q.parts, q.last[:], q.buf[at:])
	return q.parts
}

// release lets go of what is too large to keep.
func (q *request) release() {
	if cap(q.buf) > maxKeptBuffer {
		q.buf, q.parts = nil, nil
	}
}
