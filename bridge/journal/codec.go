package journal

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// The first byte of a key says what the entry is. After it stands a number, big-endian, so that entries are in its order, or a name.
const (
	kindDocument = 'd' // id: what a document is, without its payload
	kindPayload  = 'p' // id
	kindBegun    = 'b' // id: the sequence number of its event, if it is not in a place
	kindClient   = 'c' // key of a client whose close event is owed
	kindRow      = 'r' // key of the client
	kindClosing  = 'e' // key of a client whose close event has begun: the sequence number of the event, if it is not in a place
	kindGlobal   = 'g' // name of a global variable
	kindMark     = 'm' // one of the marks below
)

// Marks are numbers that the journal has once.
const (
	markClean    = 'c' // there is one: the process before has ended in order, with nothing owed
	markCommit   = 'n' // the number of the commit, and of the last that was synced before it
	markDocument = 'i' // the last id of a document
	markKey      = 'k' // the last key of a client
	markOpening  = 'o' // how often the journal was opened
	markSequence = 's' // no sequence number above it is in use
)

func numberKey(kind byte, n uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{kind}, n)
}

func nameKey(kind byte, name string) []byte { return append([]byte{kind}, name...) }

func markKeyOf(mark byte) []byte { return []byte{kindMark, mark} }

// numberOf returns the number of a key that numberKey has made.
func numberOf(key []byte) uint64 {
	if len(key) != 9 {
		return 0
	}
	return binary.BigEndian.Uint64(key[1:])
}

func appendBytes[T ~string | ~[]byte](b []byte, v T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(v))), v...)
}

func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return binary.AppendVarint(b, 0)
	}
	return binary.AppendVarint(b, t.UnixNano())
}

func encodeNumbers(numbers ...uint64) []byte {
	var b []byte
	for _, n := range numbers {
		b = binary.AppendUvarint(b, n)
	}
	return b
}

// appendFields appends fields as pairs of a name and a raw value. Unlike JSON, it costs a copy.
func appendFields(b []byte, fields protocol.Fields) []byte {
	for _, f := range fields {
		b = appendBytes(appendBytes(b, f.Name), f.Value)
	}
	return b
}

// decoder reads what the functions above have written. After an error it returns zero values.
type decoder struct {
	b   []byte
	bad bool
}

var errEncoding = errors.New("an entry cannot be decoded")

func (d *decoder) number() uint64 {
	n, size := binary.Uvarint(d.b)
	return advance(d, n, size)
}

func (d *decoder) time() time.Time {
	n, size := binary.Varint(d.b)
	if n = advance(d, n, size); n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n)
}

func advance[T int64 | uint64](d *decoder, n T, size int) T {
	if size <= 0 {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[size:]
	return n
}

// bytes returns a part of what is decoded, uncopied.
func (d *decoder) bytes() []byte {
	n := d.number()
	if n > uint64(len(d.b)) {
		d.bad, d.b = true, nil
		return nil
	}
	v := d.b[:n:n]
	d.b = d.b[n:]
	return v
}

// fields returns all pairs up to the end. Their values are parts of what is decoded.
func (d *decoder) fields() protocol.Fields {
	var fields protocol.Fields
	for len(d.b) > 0 {
		fields = append(fields, protocol.Field{Name: string(d.bytes()), Value: d.bytes()})
	}
	return fields
}

func (d *decoder) err() error {
	if d.bad {
		return errEncoding
	}
	return nil
}
