package tests

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// logBook collects the program's log lines.
type logBook struct {
	t     *testing.T
	mu    sync.Mutex
	lines []map[string]any
	raw   bytes.Buffer
	more  chan struct{} // closed and replaced with each line
	ended bool          // the program has
}

func newLogBook(t *testing.T) *logBook { return &logBook{t: t, more: make(chan struct{})} }

func (l *logBook) read(r io.Reader) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		l.add(lines.Bytes())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	close(l.more)
}

func (l *logBook) add(line []byte) {
	var entry map[string]any
	_ = json.Unmarshal(line, &entry) // what is no JSON is kept as text only
	l.mu.Lock()
	defer l.mu.Unlock()
	l.raw.Write(append(line, '\n'))
	l.lines = append(l.lines, entry)
	close(l.more)
	l.more = make(chan struct{})
}

func (l *logBook) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.raw.String()
}

// wait returns the first line whose message contains msg and whose text contains each of parts.
func (l *logBook) wait(msg string, parts ...string) map[string]any {
	l.t.Helper()
	timeout := time.After(patience)
	for seen := 0; ; {
		l.mu.Lock()
		lines, more, ended := l.lines[seen:], l.more, l.ended
		l.mu.Unlock()
		for _, line := range lines {
			if matches(line, msg, parts) {
				return line
			}
		}
		seen += len(lines)
		if ended {
			l.t.Fatalf("the program ended without a log line %q with %q:\n%s", msg, parts, l.text())
		}
		select {
		case <-more:
		case <-timeout:
			l.t.Fatalf("no log line %q with %q in:\n%s", msg, parts, l.text())
		}
	}
}

// count returns how many lines match.
func (l *logBook) count(msg string, parts ...string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, line := range l.lines {
		if matches(line, msg, parts) {
			n++
		}
	}
	return n
}

func matches(line map[string]any, msg string, parts []string) bool {
	text, _ := line["msg"].(string)
	if !strings.Contains(text, msg) {
		return false
	}
	all, _ := json.Marshal(line)
	for _, part := range parts {
		if !bytes.Contains(all, []byte(part)) {
			return false
		}
	}
	return true
}

// last returns the latest line that matches, nil if there is none.
func (l *logBook) last(msg string, parts ...string) map[string]any {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range slices.Backward(l.lines) {
		if matches(line, msg, parts) {
			return line
		}
	}
	return nil
}
