package fastcgi

import (
	"bytes"
	"cmp"
	"log/slog"
	"strings"

	"github.com/wsbridge/wsbridge/protocol"
)

const (
	// maxStderrLine bounds a logged line; the rest of the line is dropped.
	maxStderrLine = 4 << 10
	// maxStderrLines bounds the lines that an exchange can add to the log.
	maxStderrLines = 100
)

// Log attributes: what php-fpm wrote, and for which event.
const (
	keyText   = "text"
	keyClient = "client"
	keyEvent  = "event"
	keySeq    = "seq"
)

// errorStream logs the error stream of an exchange, line by line. It reads nothing from it but the announcement.
type errorStream struct {
	logger    *slog.Logger
	message   string          // what is logged about a line; empty: that it comes from the error stream
	event     *protocol.Event // whose lines they are; nil if that is not known
	token     string          // of the request; empty: no line announces it
	announced bool            // that line has come
	expected  string          // a line that has it is not logged, since wsbridge tries again without this error; empty: none
	redactor  textRedactor
	line      []byte
	lines     int
}

func (s *errorStream) write(p []byte) {
	for len(p) > 0 && s.lines <= maxStderrLines {
		line, rest, ended := bytes.Cut(p, []byte{'\n'})
		s.line = append(s.line, line[:min(len(line), maxStderrLine-len(s.line))]...)
		if ended {
			s.flush()
		}
		p = rest
	}
}

// announces reports whether the PHP half says by a line that it has read the request. php-fpm puts "PHP message: " before it.
func (s *errorStream) announces(text string) bool {
	before, ok := strings.CutSuffix(text, " begun")
	return ok && s.token != "" && strings.HasSuffix(before, s.token)
}

// flush logs the line so far.
func (s *errorStream) flush() {
	text := strings.ToValidUTF8(string(bytes.TrimRight(s.line, "\r")), "\uFFFD")
	s.line = s.line[:0]
	if s.announces(text) {
		s.announced = true
		return
	}
	if text == "" || s.lines > maxStderrLines || s.expected != "" && strings.Contains(text, s.expected) {
		return
	}
	if s.lines == maxStderrLines {
		text = "too many lines, the rest of this answer's is dropped"
	}
	s.lines++
	s.log().Warn(cmp.Or(s.message, "php-fpm wrote to its error stream"), keyText, s.redactor.redact(text))
}

func (s *errorStream) log() *slog.Logger {
	log, e := s.logger, s.event
	if e == nil {
		return log
	}
	if e.Client != 0 {
		log = log.With(keyClient, e.Client)
	}
	return log.With(keyEvent, e.Kind, keySeq, e.Seq)
}
