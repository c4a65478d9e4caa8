package socket

import (
	"io"
	"slices"
	"unicode/utf8"

	"github.com/wsbridge/wsbridge/bridge/outcome"
)

const (
	// maxFirstRead is how many bytes are allocated for an announced length before any of them have come.
	maxFirstRead = 32 << 10
	// minGrowth is the least number of bytes by which the buffer grows.
	minGrowth = 512
)

// incoming is a message while it is being read.
type incoming struct {
	limit  int64 // bytes; after decompression, whatever the frames were
	isText bool
	data   []byte
	more   func(data []byte) (bool, error) // asked at io.EOF whether there is more; nil: there is not
	whole  int                             // bytes of a text that are whole characters
}

// read reads the message from r and fails as soon as no further bytes could make it valid. announced is the length that its first
// frame announces, a hint for the buffer.
func (m *incoming) read(r io.Reader, announced int64) error {
	m.data = make([]byte, 0, min(announced, maxFirstRead)+1)
	for {
		isEnd, err := m.readSome(r)
		if bad := m.check(isEnd); bad != nil {
			return bad
		}
		if isEnd || err != nil {
			return err
		}
	}
}

// readSome reads once and reports whether the message is complete.
func (m *incoming) readSome(r io.Reader) (isEnd bool, err error) {
	if len(m.data) == cap(m.data) {
		m.data = slices.Grow(m.data, max(len(m.data), minGrowth))
	}
	n, err := r.Read(m.data[len(m.data):cap(m.data)])
	m.data = m.data[:len(m.data)+n]
	if err != io.EOF {
		return false, err
	}
	if m.more == nil {
		return true, nil
	}
	more, err := m.more(m.data)
	return err == nil && !more, err
}

func (m *incoming) check(isEnd bool) error {
	if int64(len(m.data)) > m.limit {
		return &violation{outcome.EndedTooBig, "message too big"}
	}
	if !m.isText {
		return nil
	}
	var ok bool
	m.whole, ok = wholeText(m.data, m.whole)
	if !ok || isEnd && m.whole < len(m.data) {
		return &violation{outcome.EndedNotUTF8, "text is not utf-8"}
	}
	return nil
}

// wholeText returns how many bytes of b are whole characters, if its first n bytes are. It is not ok if no further bytes could make b a
// valid text.
func wholeText(b []byte, n int) (whole int, ok bool) {
	end := len(b)
	for i := 1; i < utf8.UTFMax && i <= end-n; i++ {
		if tail := b[end-i:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				end -= i
			}
			break
		}
	}
	return end, utf8.Valid(b[n:end])
}
