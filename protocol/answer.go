package protocol

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Limits of one answer.
const (
	// MaxLine bounds an effect's line. Rows are in it, so it is generous.
	MaxLine = 64 << 20
	// MaxStray bounds what is kept of one line that the application printed; the rest of the line is dropped.
	MaxStray = 8 << 10
	// excerpt bounds what an error quotes of a malformed line.
	excerpt = 200
)

// AnswerDecoder splits the bytes of an answer into effects as they arrive. It keeps what is incomplete, copies nothing
// else, and is used by one goroutine.
type AnswerDecoder struct {
	// Quote lets errors quote the malformed line, cut short. Rows and payloads may be in it.
	Quote bool

	token      []byte // with the space behind it
	maxPayload int
	buf        []byte  // an incomplete line or payload
	scanned    int     // bytes of buf known to hold no newline
	pending    *Effect // its payload is still incomplete
	skipping   bool    // within the dropped rest of a stray line
	code       string  // the last fingerprint
}

// NewAnswerDecoder returns a decoder of lines that start with token. A payload over maxPayload bytes is malformed.
func NewAnswerDecoder(token string, maxPayload int) *AnswerDecoder {
	return &AnswerDecoder{token: []byte(token + " "), maxPayload: maxPayload}
}

// Reset makes the decoder ready for another answer, whatever became of the one before.
func (d *AnswerDecoder) Reset() {
	const kept = 64 << 10
	buf := d.buf[:0]
	if cap(buf) > kept {
		buf = nil
	}
	*d = AnswerDecoder{Quote: d.Quote, token: d.token, maxPayload: d.maxPayload, buf: buf, code: d.code}
}

// Feed decodes p and calls apply for each effect completed by it, in order. An effect's payload is valid only during
// the call. It stops at the first error, apply's own included; an error of the decoder wraps ErrMalformed.
func (d *AnswerDecoder) Feed(p []byte, apply func(*Effect) error) error {
	if len(d.buf) == 0 {
		n, err := d.split(p, apply)
		d.buf = append(d.buf, p[n:]...)
		return err
	}
	d.buf = append(d.buf, p...)
	n, err := d.split(d.buf, apply)
	if n > 0 { // else a large payload would be moved onto itself with every piece of it
		d.buf = append(d.buf[:0], d.buf[n:]...)
	}
	return err
}

// Finish reports what the answer ended in: the last printed line is handed on, an unfinished effect is ErrCutOff.
func (d *AnswerDecoder) Finish(apply func(*Effect) error) error {
	if d.pending != nil || bytes.HasPrefix(d.buf, d.token) {
		return fmt.Errorf("%w inside an effect", ErrCutOff)
	}
	rest := d.buf
	d.buf = nil
	if len(rest) == 0 {
		return nil
	}
	return d.stray(rest, apply)
}

// split consumes whole lines and payloads from the front of p and returns how many bytes that were.
func (d *AnswerDecoder) split(p []byte, apply func(*Effect) error) (consumed int, err error) {
	for consumed < len(p) {
		next := d.line
		if d.pending != nil {
			next = d.payload
		}
		n, err := next(p[consumed:], apply)
		consumed += n
		if err != nil || n == 0 {
			return consumed, err
		}
	}
	return consumed, nil
}

// line consumes one line, or nothing if p does not hold a whole one.
func (d *AnswerDecoder) line(p []byte, apply func(*Effect) error) (int, error) {
	end := bytes.IndexByte(p[d.scanned:], '\n')
	if end < 0 {
		return d.partial(p, apply)
	}
	end += d.scanned
	d.scanned = 0
	line := p[:end]
	switch {
	case d.skipping:
		d.skipping = false
	case bytes.HasPrefix(line, d.token):
		return end + 1, d.effect(line[len(d.token):], apply)
	case len(line) > 0:
		return end + 1, d.stray(line, apply)
	}
	return end + 1, nil
}

// partial decides about a line without an end: wait for more, or give it up.
func (d *AnswerDecoder) partial(p []byte, apply func(*Effect) error) (int, error) {
	d.scanned = len(p)
	switch {
	case d.skipping:
	case bytes.HasPrefix(p, d.token) || bytes.HasPrefix(d.token, p):
		if len(p) > MaxLine {
			return 0, d.malformed("line too long", p)
		}
		return 0, nil
	case len(p) <= MaxStray:
		return 0, nil
	default:
		d.skipping = true
		if err := d.stray(p, apply); err != nil {
			return 0, err
		}
	}
	d.scanned = 0
	return len(p), nil
}

func (d *AnswerDecoder) effect(line []byte, apply func(*Effect) error) error {
	e := d.fast(line)
	if e == nil {
		e = &Effect{}
		if err := json.Unmarshal(line, e); err != nil {
			return d.malformed(err.Error(), line)
		}
	}
	if err := e.check(); err != nil {
		return d.malformed(err.Error(), line)
	}
	s := e.payload()
	if s == nil {
		return apply(e)
	}
	if s.Length > d.maxPayload {
		return d.malformed(fmt.Sprintf("payload of %d bytes, limit %d", s.Length, d.maxPayload), line)
	}
	d.pending = e
	return nil
}

// payload consumes the pending effect's bytes and the newline behind them.
func (d *AnswerDecoder) payload(p []byte, apply func(*Effect) error) (int, error) {
	e, s := d.pending, d.pending.payload()
	if len(p) <= s.Length {
		return 0, nil
	}
	if p[s.Length] != '\n' {
		return 0, d.malformed("payload is not followed by a newline", p[s.Length:])
	}
	d.pending = nil
	s.Payload = p[:s.Length]
	return s.Length + 1, apply(e)
}

func (d *AnswerDecoder) stray(line []byte, apply func(*Effect) error) error {
	line = line[:min(len(line), MaxStray)]
	return apply(&Effect{Stray: strings.ToValidUTF8(string(line), "\uFFFD")})
}

func (d *AnswerDecoder) malformed(why string, line []byte) error {
	if !d.Quote {
		return fmt.Errorf("%w: %s, in a line of %d bytes", ErrMalformed, why, len(line))
	}
	line = line[:min(len(line), excerpt)]
	return fmt.Errorf("%w: %s: %q", ErrMalformed, why, line)
}
