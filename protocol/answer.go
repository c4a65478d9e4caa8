package protocol

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Limits of one answer.
const (
	// MaxLine bounds the line of an effect. It is generous, because the line may hold rows.
	MaxLine = 64 << 20
	// MaxStray bounds what is kept of a stray line; the rest of the line is dropped.
	MaxStray = 8 << 10
	// excerpt bounds how much of a malformed line an error quotes.
	excerpt = 200
)

// AnswerDecoder splits the bytes of an answer into effects as they arrive. It copies only what is incomplete. One goroutine at
// a time may use it.
type AnswerDecoder struct {
	// Quote lets errors quote the beginning of a malformed line, which may hold rows and payloads.
	Quote bool

	token      []byte // and a space
	maxPayload int
	buf        []byte  // an incomplete line or payload
	scanned    int     // bytes of buf known to hold no newline
	pending    *Effect // whose payload is incomplete
	skipping   bool    // the rest of a stray line is dropped
	code       string  // the last fingerprint, kept for events with the same
	send       fastSend
}

// NewAnswerDecoder returns a decoder of an answer whose lines start with token. A payload over maxPayload bytes is malformed.
func NewAnswerDecoder(token string, maxPayload int) *AnswerDecoder {
	return &AnswerDecoder{token: []byte(token + " "), maxPayload: maxPayload}
}

// Reset prepares the decoder for another answer, whose lines start with token. The one before may have ended anywhere.
func (d *AnswerDecoder) Reset(token string) {
	const kept = 64 << 10
	buf := d.buf[:0]
	if cap(buf) > kept {
		buf = nil
	}
	*d = AnswerDecoder{Quote: d.Quote, token: append(append(d.token[:0], token...), ' '), maxPayload: d.maxPayload, buf: buf, code: d.code}
}

// Feed decodes p and calls apply for each effect that p completes, in order. An effect with a payload, and what it refers to, is valid only
// during the call. Feed stops at the first error, and returns one of apply unchanged; its own errors wrap ErrMalformed.
func (d *AnswerDecoder) Feed(p []byte, apply func(*Effect) error) error {
	if len(d.buf) == 0 {
		n, err := d.split(p, apply)
		d.buf = append(d.buf, p[n:]...)
		return err
	}
	d.buf = append(d.buf, p...)
	n, err := d.split(d.buf, apply)
	if n > 0 { // otherwise each piece of a large payload would move all of it onto itself
		d.buf = append(d.buf[:0], d.buf[n:]...)
	}
	return err
}

// Finish ends the answer. It passes a last stray line without a newline to apply. An unfinished effect is ErrCutOff.
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

// split consumes whole lines and payloads from the front of p and returns their number of bytes.
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

// line consumes a line, or nothing if p does not hold a whole one.
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

// partial handles a line whose end is missing. It waits for the rest of an effect, or of a short stray line, and drops the rest of
// a long one.
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

// payload consumes the payload of the pending effect and the newline after it.
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
