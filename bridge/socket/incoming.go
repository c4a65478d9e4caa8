package socket

import (
	"io"
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
	limit    int64 // bytes; after decompression, whatever the frames were
	isText   bool
	data     []byte
	inflater *inflater // what data comes from; nil: the message is not compressed
	whole    int       // bytes of a text that are whole characters
	conn     *Conn     // in whose budgets the memory counts; nil: none
}

// read reads the message from r and fails as soon as no further bytes could make it valid. announced is the length that its first
// frame announces, a hint for the buffer.
func (m *incoming) read(r io.Reader, announced int64) error {
	if err := m.grow(int(min(announced, maxFirstRead)) + 1); err != nil {
		return err
	}
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
		if err := m.grow(m.nextSize()); err != nil {
			return false, err
		}
	}
	n, err := r.Read(m.data[len(m.data):cap(m.data)])
	m.data = m.data[:len(m.data)+n]
	if err != io.EOF {
		return false, err
	}
	if m.inflater == nil {
		return true, nil
	}
	more, err := m.inflater.next(m.data)
	return err == nil && !more, err
}

// nextSize returns how large a full buffer becomes: as large as the frames have announced, once an eighth of that has come, or else twice as
// large. What is copied is garbage, so it is copied seldom. With a quarter more each time, that holds for messages of many frames too. Of a
// compressed message nothing is announced.
func (m *incoming) nextSize() int {
	size := len(m.data)
	double := size + max(size, minGrowth)
	if m.conn == nil || m.inflater != nil {
		return double
	}
	announced := int(m.conn.check.length) + 1
	if size < announced/8 {
		return double
	}
	return max(announced, size+max(size/4, minGrowth))
}

// grow makes a buffer of that size, for which there has to be room.
func (m *incoming) grow(size int) error {
	if err := m.hold(size, m.inflater.kept()); err != nil {
		return err
	}
	m.data = append(make([]byte, 0, size), m.data...)
	return nil
}

// hold counts the memory of data, and of what it comes from if that is kept.
func (m *incoming) hold(data, packed int) error {
	if size := data + packed; m.conn != nil && size > smallRead {
		return m.conn.holdReading(size)
	}
	return nil
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
