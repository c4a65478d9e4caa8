package check

import (
	"context"
	"log/slog"
	"slices"
	"sync"

	"github.com/wsbridge/wsbridge/protocol"
)

// findingBook keeps what is logged while a report is made. Its loggers may be used concurrently.
type findingBook struct {
	mu       sync.Mutex // guards findings
	findings []protocol.Finding
}

// logger returns a logger whose warnings become findings of that kind. Errors are no more than warnings here: one that
// keeps php-fpm from answering is told by the answer that does not come.
func (b *findingBook) logger(kind string) *slog.Logger {
	return slog.New(&findingLog{book: b, kind: kind})
}

// all returns the findings so far, each once: describing an application can take several requests.
func (b *findingBook) all() []protocol.Finding {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.findings)
}

func (b *findingBook) add(f protocol.Finding) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.Contains(b.findings, f) {
		b.findings = append(b.findings, f)
	}
}

// findingLog is the handler of one such logger.
type findingLog struct {
	book  *findingBook
	kind  string
	attrs []slog.Attr
}

// Enabled implements slog.Handler.
func (l *findingLog) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn
}

// Handle implements slog.Handler: file and line are the finding's place, other attributes go behind the message.
func (l *findingLog) Handle(_ context.Context, record slog.Record) error {
	f := protocol.Finding{Level: protocol.LevelWarning, Kind: l.kind, Message: record.Message}
	attrs := slices.Clone(l.attrs)
	record.Attrs(func(a slog.Attr) bool {
		attrs = append(attrs, a)
		return true
	})
	for _, a := range attrs {
		switch value := a.Value.Resolve(); {
		case a.Key == "file":
			f.File = value.String()
		case a.Key == "line" && value.Kind() == slog.KindInt64:
			f.Line = int(value.Int64())
		default:
			f.Message += ": " + value.String()
		}
	}
	l.book.add(f)
	return nil
}

// WithAttrs implements slog.Handler.
func (l *findingLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &findingLog{l.book, l.kind, slices.Concat(l.attrs, attrs)}
}

// WithGroup implements slog.Handler; nobody here groups attributes.
func (l *findingLog) WithGroup(string) slog.Handler { return l }
