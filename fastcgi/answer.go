package fastcgi

import (
	"bufio"
	"fmt"

	"github.com/wsbridge/wsbridge/protocol"
)

// Protocol statuses of an EndRequest record (FastCGI specification, section 5.5).
const (
	statusComplete   = 0
	statusOverloaded = 2
)

// endSize is the size of an EndRequest record's content.
const endSize = 8

// sink takes the two streams of an answer in pieces, which are valid only during the call.
type sink interface {
	stdout(p []byte) error
	stderr(p []byte) error
}

// transportError is a failure of the socket, as opposed to a malformed answer or an error of the sink.
type transportError struct {
	err     error
	between bool // it came between two records, so that reading may go on
}

func (e *transportError) Error() string { return e.err.Error() }
func (e *transportError) Unwrap() error { return e.err }

// readAnswer reads records up to the one that ends the request, and returns the protocol status of that. It stops at the first
// error of the sink and returns it unchanged.
func readAnswer(r *bufio.Reader, s sink) (status byte, err error) {
	for {
		rec, err := readRecord(r)
		if err != nil {
			return 0, err
		}
		switch {
		case rec.other: // the answer to another request, or to none (FastCGI specification, section 3.3): none of our business
			err = discard(r, rec.content)
		case rec.kind == typeStdout:
			err = readStream(r, rec.content, s.stdout)
		case rec.kind == typeStderr:
			err = readStream(r, rec.content, s.stderr)
		case rec.kind == typeEnd:
			return readEnd(r, rec)
		default:
			err = fmt.Errorf("%w: record of type %d", protocol.ErrMalformed, rec.kind)
		}
		if err == nil {
			err = discard(r, rec.padding)
		}
		if err != nil {
			return 0, err
		}
	}
}

func readRecord(r *bufio.Reader) (record, error) {
	header, err := r.Peek(headerSize)
	if err != nil {
		return record{}, &transportError{err, true}
	}
	rec, err := parseRecord(header)
	if err != nil {
		return record{}, err
	}
	return rec, discard(r, headerSize)
}

// readStream passes n bytes on as they arrive, in the reader's own buffer.
func readStream(r *bufio.Reader, n int, to func([]byte) error) error {
	for n > 0 {
		p, err := r.Peek(min(n, max(r.Buffered(), 1)))
		if err != nil {
			return &transportError{err: err}
		}
		if len(p) < r.Buffered() { // Peek(1) filled the buffer
			p, _ = r.Peek(min(n, r.Buffered()))
		}
		if err := to(p); err != nil {
			return err
		}
		n -= len(p)
		if err := discard(r, len(p)); err != nil {
			return err
		}
	}
	return nil
}

func readEnd(r *bufio.Reader, rec record) (status byte, err error) {
	if rec.content != endSize {
		return 0, fmt.Errorf("%w: end record of %d bytes", protocol.ErrMalformed, rec.content)
	}
	body, err := r.Peek(endSize)
	if err != nil {
		return 0, &transportError{err: err}
	}
	status = body[4] // the exit status before it is explained better by the failed line
	return status, discard(r, endSize+rec.padding)
}

func discard(r *bufio.Reader, n int) error {
	if _, err := r.Discard(n); err != nil {
		return &transportError{err: err}
	}
	return nil
}
