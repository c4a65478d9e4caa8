package journal

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// The store's log and its manifest are made of chunks, which fill blocks. A record is one chunk, or several with its first part, its
// middle parts and its last. The header of a chunk has a checksum, the payload's length and a type; in the log, whose types are higher
// by recyclable, also the file's number. The checksum covers all after the length.
const (
	blockSize     = 32 << 10
	plainHeader   = 7
	logHeader     = 11
	recyclable    = 4
	chunkFull     = 1
	chunkFirst    = 2
	chunkLast     = 4
	anyFileNumber = 0 // of a manifest
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// logScan reads the records of one file.
type logScan struct {
	data   []byte
	number uint32 // of the file, or anyFileNumber
	at     int
}

// chunk is one that is whole.
type chunk struct {
	kind    byte // chunkFull and so on
	payload []byte
	end     int // where the next one begins
}

// gap is where a file cannot be read.
type gap struct {
	at    int
	atEnd bool   // what is missing is after the end of the file: a write that was cut off
	what  string // is wrong
}

// next returns the next record. Without one, it returns where the file cannot be read, or nil at its end.
func (s *logScan) next() (record []byte, g *gap) {
	start, in := s.at, false
	for {
		c, ended, g := s.chunkAt(s.at)
		switch {
		case g != nil:
			if in && !g.atEnd {
				g.what += " in a record"
			}
			return nil, g
		case ended && in:
			return nil, &gap{at: start, atEnd: true, what: "the last record is cut off"}
		case ended:
			return nil, nil
		}
		s.at = c.end
		if first := c.kind == chunkFull || c.kind == chunkFirst; first == in {
			return nil, &gap{at: start, what: "a record has no end or no begin"}
		}
		in = true
		if record == nil {
			record = []byte{}
		}
		record = append(record, c.payload...)
		if c.kind == chunkFull || c.kind == chunkLast {
			return record, nil
		}
	}
}

// chunkAt returns the chunk at an offset, or that the log ends there, or why neither can be told.
func (s *logScan) chunkAt(at int) (c chunk, ended bool, g *gap) {
	header := s.headerSize()
	for {
		if at >= len(s.data) {
			return chunk{}, true, nil
		}
		blockEnd := at - at%blockSize + blockSize
		if blockEnd-at >= header {
			break
		}
		at = blockEnd // no chunk fits into the rest of the block
	}
	rest := s.data[at:]
	if len(rest) < header {
		return chunk{}, false, &gap{at: at, atEnd: true, what: "the last record is cut off"}
	}
	if s.isTrailer(rest) {
		return chunk{}, true, nil
	}
	if bytes.Count(rest[:header], []byte{0}) == header {
		return chunk{}, false, &gap{at: at, what: "zeros where a record should be"}
	}
	if c, ok := s.parse(at); ok {
		return c, false, nil
	}
	return chunk{}, false, s.describe(at)
}

func (s *logScan) headerSize() int {
	if s.number == anyFileNumber {
		return plainHeader
	}
	return logHeader
}

// isTrailer reports whether a log has been closed here: a chunk without payload that names the next number.
func (s *logScan) isTrailer(b []byte) bool {
	return s.number != anyFileNumber && bytes.Equal(b[:6], make([]byte, 6)) && b[6] == chunkFull+recyclable &&
		binary.LittleEndian.Uint32(b[7:]) == s.number+1
}

// parse returns the chunk at an offset, if there is a whole one.
func (s *logScan) parse(at int) (chunk, bool) {
	header := s.headerSize()
	if at+header > len(s.data) {
		return chunk{}, false
	}
	b := s.data[at:]
	kind, size := b[6], int(binary.LittleEndian.Uint16(b[4:]))
	if s.number != anyFileNumber {
		if binary.LittleEndian.Uint32(b[7:]) != s.number {
			return chunk{}, false
		}
		kind -= recyclable
	}
	if kind < chunkFull || kind > chunkLast || at%blockSize+header+size > blockSize || header+size > len(b) {
		return chunk{}, false
	}
	if checksum(b[6:header+size]) != binary.LittleEndian.Uint32(b) {
		return chunk{}, false
	}
	return chunk{kind, b[header : header+size], at + header + size}, true
}

// describe says what is wrong with a chunk. A write that was cut off has a length that is right, and ends with the file.
func (s *logScan) describe(at int) *gap {
	header, b := s.headerSize(), s.data[at:]
	end := header + int(binary.LittleEndian.Uint16(b[4:]))
	if end <= len(b) || at%blockSize+end > blockSize {
		return &gap{at: at, what: "a checksum is wrong"}
	}
	if checksum(b[6:]) == binary.LittleEndian.Uint32(b) {
		return &gap{at: at, what: "a length is wrong"}
	}
	return &gap{at: at, atEnd: true, what: "the last record is cut off"}
}

func checksum(b []byte) uint32 {
	c := crc32.Checksum(b, castagnoli)
	return (c>>15 | c<<17) + 0xa282ead8 // as the store does, so that data that holds checksums is not taken for one
}

// resume moves to the next whole chunk with which a record may begin, at or after an offset, and reports whether there is one.
func (s *logScan) resume(at int) bool {
	for ; at < len(s.data); at++ {
		if c, ok := s.parse(at); ok && (c.kind == chunkFull || c.kind == chunkFirst) {
			s.at = at
			return true
		}
	}
	return false
}

func (g *gap) String() string { return fmt.Sprintf("%s, at byte %d", g.what, g.at) }
