package fastcgi

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"

	"github.com/wsbridge/wsbridge/protocol"
)

// maxHeader bounds the header section of an answer. PHP's take some hundred bytes.
const maxHeader = 64 << 10

// header cuts the CGI header section off an answer (RFC 3875, section 6.2). Only the field Status is read.
type header struct {
	buf    []byte // an incomplete section
	ended  bool
	status int
}

// feed consumes the part of p that belongs to the header section, and returns the rest.
func (h *header) feed(p []byte) (rest []byte, err error) {
	if h.ended {
		return p, nil
	}
	section, before := p, len(h.buf)
	if before > 0 {
		h.buf = append(h.buf, p...)
		section = h.buf
	}
	end := sectionEnd(section)
	if end > maxHeader || end < 0 && len(section) > maxHeader {
		return nil, fmt.Errorf("%w: header section over %d bytes", protocol.ErrMalformed, maxHeader)
	}
	if end < 0 {
		if before == 0 {
			h.buf = append(h.buf, p...)
		}
		return nil, nil
	}
	h.ended = true
	h.status = parseStatus(section[:end])
	h.buf = nil
	return p[end-before:], nil
}

// sectionEnd returns where the empty line ends, or -1. PHP ends lines with CR LF; the RFC allows LF.
func sectionEnd(b []byte) int {
	for at := 0; ; {
		n := bytes.IndexByte(b[at:], '\n')
		if n < 0 {
			return -1
		}
		line := b[at : at+n]
		at += n + 1
		if len(line) == 0 || len(line) == 1 && line[0] == '\r' {
			return at
		}
	}
}

// parseStatus returns the code of the Status field, or 200 if there is no such field (RFC 3875, section 6.3.3).
func parseStatus(section []byte) int {
	for line := range bytes.Lines(section) {
		name, value, _ := bytes.Cut(line, []byte{':'})
		if !bytes.EqualFold(name, []byte("Status")) {
			continue
		}
		value = bytes.TrimSpace(value)
		code, err := strconv.Atoi(string(value[:min(len(value), 3)]))
		if err == nil {
			return code
		}
	}
	return http.StatusOK
}
