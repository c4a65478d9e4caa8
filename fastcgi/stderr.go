package fastcgi

import (
	"bytes"
	"log/slog"
	"strings"
)

const (
	// maxStderrLine bounds one logged line; the rest of the line is dropped.
	maxStderrLine = 4 << 10
	// maxStderrLines bounds what one exchange can add to the log.
	maxStderrLines = 100
)

// keyText is the log attribute for what php-fpm wrote.
const keyText = "text"

// stderrLog logs an exchange's error stream line by line. It is never parsed.
type stderrLog struct {
	logger *slog.Logger
	begin  string // ends the line that announces a request, which is not logged
	begun  bool   // that line came
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
	l.logger.Warn("php-fpm wrote to its error stream", keyText, l.veil.over(text))
}
