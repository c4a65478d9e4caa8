package socket

import (
	"io"
	"slices"
	"unicode/utf8"

	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// Sizes of a message's buffer: what an announced length is believed before any of it has come, and the least that it grows by.
const (
	maxFirstRead = 32 << 10
	minGrowth    = 512
)

// incoming is a message that a client sends, while it comes in.
type incoming struct {
	limit int64 // bytes; after decompression, whatever the frames were
	text  bool
	data  []byte
	more  func(data []byte) (bool, error) // if not nil, asked at io.EOF whether that is the end
	whole int                             // bytes of a text that are whole characters
}

// read takes the message from r, and fails at the first piece with which it cannot be any good. announced is a hint.
func (m *incoming) read(r io.Reader, announced int64) error {
	m.data = make([]byte, 0, min(announced, maxFirstRead)+1)
	for {
		if len(m.data) == cap(m.data) {
			m.data = slices.Grow(m.data, max(len(m.data), minGrowth))
		}
		n, err := r.Read(m.data[len(m.data):cap(m.data)])
		m.data = m.data[:len(m.data)+n]
		if err == io.EOF && m.more != nil {
			var more bool
			if more, err = m.more(m.data); err == nil && !more {
				err = io.EOF
			}
		}
		if bad := m.check(err == io.EOF); bad != nil {
			return bad
		}
		switch err {
		case nil:
		case io.EOF:
			return nil
		default:
			return err
		}
	}
}

func (m *incoming) check(complete bool) error {
	if int64(len(m.data)) > m.limit {
		return &violation{outcome.EndedTooBig, "message too big"}
	}
	if !m.text {
		return nil
	}
	var ok bool
	m.whole, ok = wholeText(m.data, m.whole)
	if !ok || complete && m.whole < len(m.data) {
		return &violation{outcome.EndedNotUTF8, "text is not utf-8"}
	}
	return nil
}

// wholeText returns how many bytes of b are whole characters, given that the first n are. It is not ok if no further bytes could
// make b a text.
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
