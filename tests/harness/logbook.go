package harness

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

// LogBook collects the program's log lines. Its methods may be called at any time.
type LogBook struct {
	t testing.TB // which fails when a line does not come
	*logLines
}

type logLines struct {
	mu    sync.Mutex // guards what follows
	lines []map[string]any
	raw   bytes.Buffer
	more  chan struct{} // closed and replaced with each line
	ended bool          // the program has
}

func newLogBook(tb testing.TB) *LogBook {
	return &LogBook{tb, &logLines{more: make(chan struct{})}}
}

func (l *LogBook) in(tb testing.TB) *LogBook { return &LogBook{tb, l.logLines} }

func (l *logLines) read(r io.Reader) {
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

func (l *logLines) add(line []byte) {
	var entry map[string]any
	_ = json.Unmarshal(line, &entry) // what is no JSON is kept as text only
	l.mu.Lock()
	defer l.mu.Unlock()
	l.raw.Write(append(line, '\n'))
	l.lines = append(l.lines, entry)
	close(l.more)
	l.more = make(chan struct{})
}

// Text returns all that was written so far.
func (l *LogBook) Text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.raw.String()
}

// Wait returns the first line whose message contains msg and whose text contains each of parts, and waits until there
// is one.
func (l *LogBook) Wait(msg string, parts ...string) map[string]any {
	l.t.Helper()
	timeout := time.After(Patience)
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
			l.t.Fatalf("the program ended without a log line %q with %q:\n%s", msg, parts, lastOf(l.Text()))
		}
		select {
		case <-more:
		case <-timeout:
			l.t.Fatalf("no log line %q with %q in:\n%s", msg, parts, lastOf(l.Text()))
		}
	}
}

// Count returns how many lines match, as for Wait.
func (l *LogBook) Count(msg string, parts ...string) int {
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

// All returns the lines that match, as for Wait.
func (l *LogBook) All(msg string, parts ...string) (all []map[string]any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		if matches(line, msg, parts) {
			all = append(all, line)
		}
	}
	return all
}

// Last returns the latest line that matches, as for Wait, or nil.
func (l *LogBook) Last(msg string, parts ...string) map[string]any {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range slices.Backward(l.lines) {
		if matches(line, msg, parts) {
			return line
		}
	}
	return nil
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

// lastOf returns the end of a log, which can be long when thousands of clients came.
func lastOf(log string) string {
	const most = 64 << 10
	if len(log) > most {
		return "…" + log[len(log)-most:]
	}
	return log
}
