package phpfpm

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"sync"
)

// maxLogLine bounds a line of php-fpm's log. The rest of the line is dropped.
const maxLogLine = 8 << 10

// keyText is the log attribute for what a worker wrote.
const keyText = "text"

// duplicatePrefix starts a message that PHP has already written to the error stream of its request. There it is known which event it
// belongs to and what has to be redacted.
const duplicatePrefix = "NOTICE: PHP message: "

// readyMessage is logged when the first workers have been started (sapi/fpm/fpm/fpm_events.c, fpm_event_loop), and again after a reload.
const readyMessage = "ready to handle connections"

// maxTail is how many of the last lines the error of a failed start quotes.
const maxTail = 5

// logReader logs the output of php-fpm and its workers.
type logReader struct {
	logger *slog.Logger
	line   *regexp.Regexp // [time] LEVEL: message
	idle   *regexp.Regexp // the end of a process that php-fpm does not need any more
	worker *regexp.Regexp // how php-fpm before 7.3 wraps the output of a worker
	tail   []string
	ready  chan struct{} // closed when php-fpm says that it is
	once   sync.Once     // closes ready
}

func newLogReader(logger *slog.Logger) *logReader {
	return &logReader{
		logger: logger,
		ready:  make(chan struct{}),
		line:   regexp.MustCompile(`^\[[^\]]+\] (DEBUG|NOTICE|WARNING|ERROR|ALERT): (.*)$`),
		idle:   regexp.MustCompile(`^\[pool ` + poolName + `_status\] child \d+ exited on signal 9 \(SIGKILL\)`),
		worker: regexp.MustCompile(`^\[pool [^\]]+\] child \d+(?:, script '.*'(?: \(.*?\))?)? said into std(?:out|err): "(.*)"(?:, pipe is closed)?$`),
	}
}

// read logs the lines of r to its end.
func (l *logReader) read(r io.Reader) {
	lines := bufio.NewReaderSize(r, maxLogLine)
	for {
		line, err := lines.ReadSlice('\n')
		l.log(strings.ToValidUTF8(strings.TrimRight(string(line), "\r\n"), "\uFFFD"))
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = lines.ReadSlice('\n')
		}
		if err != nil {
			return
		}
	}
}

func (l *logReader) log(line string) {
	if line == "" {
		return
	}
	if len(l.tail) == maxTail {
		l.tail = l.tail[1:]
	}
	l.tail = append(l.tail, line)
	match := l.line.FindStringSubmatch(line)
	switch {
	case match != nil:
	case strings.HasPrefix(line, duplicatePrefix):
		return
	default:
		l.logger.Warn("php-fpm worker wrote", keyText, line)
		return
	}
	if match[2] == readyMessage {
		l.once.Do(func() { close(l.ready) })
	}
	if said := l.worker.FindStringSubmatch(match[2]); said != nil {
		l.logger.Warn("php-fpm worker wrote", keyText, said[1])
		return
	}
	l.logger.Log(context.Background(), l.level(match[1], match[2]), "php-fpm: "+match[2])
}

// level returns the level of a message. php-fpm ends a process of the status page when that has been idle, and kills one that has not
// ended a second later, as on a busy machine. It warns as if a worker had died.
func (l *logReader) level(name, message string) slog.Level {
	if l.idle.MatchString(message) {
		return slog.LevelDebug
	}
	return logLevel(name)
}

// logLevel translates php-fpm's levels. Its notices report each start and stop, which operators of wsbridge need not see.
func logLevel(name string) slog.Level {
	switch name {
	case "DEBUG", "NOTICE":
		return slog.LevelDebug
	case "WARNING":
		return slog.LevelWarn
	}
	return slog.LevelError
}
