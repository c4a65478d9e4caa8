package door

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"

	"github.com/pires/go-proxyproto"
)

// proxyFields is what matters of the fields that may follow the addresses in a PROXY header of version 2.
type proxyFields struct {
	secure bool // the client has connected with TLS
}

var (
	errProxyField    = errors.New("malformed field of a PROXY header")
	errProxyChecksum = errors.New("wrong checksum of a PROXY header")
)

const (
	proxyFixed  = 16 // bytes of a header before its addresses; the last two are the length of the rest
	fieldFixed  = 3  // bytes of a field before its value: its type and its length
	clientTLS   = 1  // bit in the first byte of a field for TLS
	checksumLen = crc32.Size
)

// readProxyFields reads the fields of the whole header that raw begins with. A proxy may send a checksum, which has to be right then
// (section 2.2.3).
func readProxyFields(raw []byte) (fields proxyFields, err error) {
	header := raw[:proxyFixed+int(binary.BigEndian.Uint16(raw[proxyFixed-2:]))]
	for at := proxyFixed + addressesSize(header); at < len(header); {
		if len(header)-at < fieldFixed {
			return fields, errProxyField
		}
		kind, size := proxyproto.PP2Type(header[at]), int(binary.BigEndian.Uint16(header[at+1:]))
		if at += fieldFixed; size > len(header)-at {
			return fields, errProxyField
		}
		switch value := header[at : at+size]; {
		case kind == proxyproto.PP2_TYPE_CRC32C && !isChecksum(value, header, at):
			return fields, errProxyChecksum
		case kind == proxyproto.PP2_TYPE_SSL && size > 0:
			fields.secure = value[0]&clientTLS != 0
		}
		at += size
	}
	return fields, nil
}

// addressesSize returns how many bytes the addresses take in a header whose length has been checked.
func addressesSize(header []byte) int {
	switch family := proxyproto.AddressFamilyAndProtocol(header[proxyFixed-3]); {
	case family.IsIPv4():
		return 2 * (4 + 2)
	case family.IsIPv6():
		return 2 * (16 + 2)
	case family.IsUnix():
		return 2 * 108
	}
	return 0
}

// isChecksum reports whether sum, which is at that place of header, is its CRC-32C. For that it counts as zero.
func isChecksum(sum, header []byte, at int) bool {
	if len(sum) != checksumLen {
		return false
	}
	zeroed := bytes.Clone(header)
	clear(zeroed[at : at+checksumLen])
	return crc32.Checksum(zeroed, crc32.MakeTable(crc32.Castagnoli)) == binary.BigEndian.Uint32(sum)
}
