package fastcgi

import (
	"bytes"
	"log/slog"
	"strings"

	"github.com/wsbridge/wsbridge/protocol"
)

const (
	// maxStderrLine bounds one logged line; the rest of the line is dropped.
	maxStderrLine = 4 << 10
	// maxStderrLines bounds what one exchange can add to the log.
	maxStderrLines = 100
)

// Log attributes: what php-fpm wrote, and to which event it belongs.
const (
	keyText   = "text"
	keyClient = "client"
	keyEvent  = "event"
	keySeq    = "seq"
)

// stderrLog logs an exchange's error stream line by line. It is never parsed.
type stderrLog struct {
	logger *slog.Logger
	event  *protocol.Event // whose lines they are; nil: that cannot be said
	begin  string          // ends the line that announces a request, which is not logged
	begun  bool            // that line came
	veil   *veil
	line   []byte
	lines  int
}

func (l *stderrLog) write(p []byte) {
	for len(p) > 0 && l.lines <= maxStderrLines {
		line, rest, ended := bytes.Cut(p, []byte{'\n'})
		l.line = append(l.line, line[:min(len(line), maxStderrLine-len(l.line))]...)
		if ended {
			l.flush()
		}
		p = rest
	}
}

// flush logs the line so far.
func (l *stderrLog) flush() {
	text := strings.ToValidUTF8(string(bytes.TrimRight(l.line, "\r")), "\uFFFD")
	l.line = l.line[:0]
	if l.begin != "" && strings.HasSuffix(text, l.begin) { // php-fpm writes "PHP message: " in front
		l.begun = true
		return
	}
	if text == "" || l.lines > maxStderrLines {
		return
	}
	if l.lines == maxStderrLines {
		text = "too many lines, the rest of this answer's is dropped"
	}
	l.lines++
	l.log().Warn("php-fpm wrote to its error stream", keyText, l.veil.over(text))
}

func (l *stderrLog) log() *slog.Logger {
	log, e := l.logger, l.event
	if e == nil {
		return log
	}
	if e.Client != 0 {
		log = log.With(keyClient, e.Client)
	}
	return log.With(keyEvent, e.Kind, keySeq, e.Seq)
}
