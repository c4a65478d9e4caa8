package fastcgi

import (
	"encoding/binary"
	"fmt"
	"iter"

	"github.com/wsbridge/wsbridge/protocol"
)

// recordType is a record's type (FastCGI specification, section 8).
type recordType byte

const (
	typeBegin  recordType = 1
	typeEnd    recordType = 3
	typeParams recordType = 4
	typeStdin  recordType = 5
	typeStdout recordType = 6
	typeStderr recordType = 7
)

const (
	wireVersion   = 1
	headerSize    = 8
	roleResponder = 1
	flagKeepConn  = 1
	// requestID is the same for every request: php-fpm does not multiplex.
	requestID = 1
	// maxContent is the most that php-fpm takes as one record of parameters. It is a multiple of eight, so a full record needs
	// no padding.
	maxContent = 65528
)

// record is a record's header.
type record struct {
	kind    recordType
	content int
	padding int
	other   bool // it belongs to no request of ours
}

func appendRecord(b []byte, r record) []byte {
	b = append(b, wireVersion, byte(r.kind), 0, requestID)
	b = binary.BigEndian.AppendUint16(b, uint16(r.content))
	return append(b, byte(r.padding), 0)
}

// parseRecord reads a header of headerSize bytes.
func parseRecord(b []byte) (record, error) {
	if b[0] != wireVersion {
		return record{}, fmt.Errorf("%w: record of version %d", protocol.ErrMalformed, b[0])
	}
	return record{
		other:   binary.BigEndian.Uint16(b[2:]) != requestID,
		kind:    recordType(b[1]),
		content: int(binary.BigEndian.Uint16(b[4:])),
		padding: int(b[6]),
	}, nil
}

// padding returns how many bytes make n a multiple of eight, as the specification recommends.
func padding(n int) int { return -n & 7 }

func appendZeros(b []byte, n int) []byte { return append(b, make([]byte, n)...) }

// appendPair appends a parameter (FastCGI specification, section 3.4).
func appendPair(b []byte, name, value string) []byte {
	b = appendLength(b, len(name))
	b = appendLength(b, len(value))
	b = append(b, name...)
	return append(b, value...)
}

// pairs returns the parameters that appendPair has appended, up to the first that is cut off.
func pairs(b []byte) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for len(b) > 0 {
			var name, value int
			name, b = cutLength(b)
			value, b = cutLength(b)
			if name+value > len(b) || !yield(string(b[:name]), string(b[name:name+value])) {
				return
			}
			b = b[name+value:]
		}
	}
}

func cutLength(b []byte) (n int, rest []byte) {
	switch {
	case len(b) > 0 && b[0] < 128:
		return int(b[0]), b[1:]
	case len(b) < 4:
		return 1, nil // more than there is
	}
	return int(binary.BigEndian.Uint32(b) &^ (1 << 31)), b[4:]
}

func appendLength(b []byte, n int) []byte {
	if n < 128 {
		return append(b, byte(n))
	}
	return binary.BigEndian.AppendUint32(b, uint32(n)|1<<31)
}
