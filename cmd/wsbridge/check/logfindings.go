package check

import (
	"context"
	"log/slog"
	"slices"
	"sync"

	"github.com/wsbridge/wsbridge/protocol"
)

// logFindings collects what is logged while php-fpm is asked. Its loggers may be used concurrently.
type logFindings struct {
	mu  sync.Mutex // guards all
	all []protocol.Finding
}

// logger returns a logger whose warnings become findings of that kind. Logged errors are only warnings here: if one keeps php-fpm from
// answering, the missing answer is the error.
func (f *logFindings) logger(kind string) *slog.Logger {
	return slog.New(&findingHandler{into: f, kind: kind})
}

// list returns each finding once: describing an application may take several requests.
func (f *logFindings) list() []protocol.Finding {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.all)
}

func (f *logFindings) add(one protocol.Finding) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.Contains(f.all, one) {
		f.all = append(f.all, one)
	}
}

// findingHandler is the slog.Handler of such a logger.
type findingHandler struct {
	into  *logFindings
	kind  string
	attrs []slog.Attr
}

// Enabled implements slog.Handler.
func (h *findingHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn
}

// Handle implements slog.Handler: file and line are the finding's place, other attributes follow the message.
func (h *findingHandler) Handle(_ context.Context, record slog.Record) error {
	f := protocol.Finding{Level: protocol.LevelWarning, Kind: h.kind, Message: record.Message}
	add := func(a slog.Attr) bool {
		switch value := a.Value.Resolve(); {
		case a.Key == "file":
			f.File = value.String()
		case a.Key == "line" && value.Kind() == slog.KindInt64:
			f.Line = int(value.Int64())
		default:
			f.Message += ": " + value.String()
		}
		return true
	}
	for _, a := range h.attrs {
		add(a)
	}
	record.Attrs(add)
	h.into.add(f)
	return nil
}

// WithAttrs implements slog.Handler.
func (h *findingHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &findingHandler{h.into, h.kind, slices.Concat(h.attrs, attrs)}
}

// WithGroup implements slog.Handler. Attributes are not grouped here.
func (h *findingHandler) WithGroup(string) slog.Handler { return h }
