package logs

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
	"unicode"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/terminal"
)

// dailyHandler passes every record on, and puts those that are not the application's own words into the daily file: show_message
// writes its lines there itself.
type dailyHandler struct {
	slog.Handler
	daily *dailyLog
	attrs []slog.Attr
}

// Handle implements slog.Handler.
func (h *dailyHandler) Handle(ctx context.Context, r slog.Record) error {
	if h.daily.isOn() {
		if text, ok := dailyText(r, h.attrs); ok {
			h.daily.put(r.Time, text)
		}
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h *dailyHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	all := append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)
	return &dailyHandler{h.Handler.WithAttrs(attrs), h.daily, all}
}

// WithGroup implements slog.Handler. The daily file ignores groups.
func (h *dailyHandler) WithGroup(name string) slog.Handler {
	return &dailyHandler{h.Handler.WithGroup(name), h.daily, h.attrs}
}

// dailyText returns a record as a line of the daily file: the message, with the original's asterisks if it is a warning or an error,
// and the attributes. ok is false for what the application said or printed, which may be anything.
func dailyText(r slog.Record, attrs []slog.Attr) (text string, ok bool) {
	var b strings.Builder
	if r.Level >= slog.LevelWarn {
		b.WriteString("*** ")
	}
	b.WriteString(terminal.Printable(r.Message))
	ok = true
	add := func(a slog.Attr) bool {
		switch {
		case a.Key == "source": // bridge adds it to the application's words
			ok = false
		case a.Key != "text" && a.Key != "payload": // what php-fpm wrote, and what clients say
			b.WriteString(" " + a.Key + "=" + quoteIfNeeded(a.Value.String()))
		}
		return ok
	}
	for _, a := range attrs {
		add(a)
	}
	r.Attrs(add)
	return b.String(), ok
}

// quoteIfNeeded quotes a value whose end would not be seen otherwise.
func quoteIfNeeded(s string) string {
	needsQuotes := func(r rune) bool { return r == '"' || r == '=' || unicode.IsSpace(r) || !unicode.IsPrint(r) }
	if s == "" || strings.ContainsFunc(s, needsQuotes) {
		return strconv.Quote(s)
	}
	return s
}
