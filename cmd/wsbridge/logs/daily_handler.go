package logs

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
	"unicode"
)

// dailyHandler hands records on, and writes those into the daily file that are not the application's own words: show_message
// writes its lines there itself.
type dailyHandler struct {
	slog.Handler
	daily *dailyLog
	attrs []slog.Attr
}

// Handle implements slog.Handler.
func (h *dailyHandler) Handle(ctx context.Context, r slog.Record) error {
	if h.daily.on() {
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

// WithGroup implements slog.Handler. The daily file knows no groups.
func (h *dailyHandler) WithGroup(name string) slog.Handler {
	return &dailyHandler{h.Handler.WithGroup(name), h.daily, h.attrs}
}

// dailyText is a record as a line of the daily file: its message, starred as the original's errors were if it is a warning or an
// error, and its attributes. ok is false for what the application has said or printed, which may be anything.
func dailyText(r slog.Record, attrs []slog.Attr) (text string, ok bool) {
	var b strings.Builder
	if r.Level >= slog.LevelWarn {
		b.WriteString("*** ")
	}
	b.WriteString(oneLine(r.Message))
	ok = true
	add := func(a slog.Attr) bool {
		switch {
		case a.Key == "source": // see bridge
			ok = false
		case a.Key != "text" && a.Key != "payload": // what php-fpm has written, and what clients say
			b.WriteString(" " + a.Key + "=" + quoteOdd(a.Value.String()))
		}
		return ok
	}
	for _, a := range attrs {
		add(a)
	}
	r.Attrs(add)
	return b.String(), ok
}

func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

// quoteOdd quotes a value that would not be seen to be one.
func quoteOdd(s string) string {
	odd := func(r rune) bool { return r == '"' || r == '=' || unicode.IsSpace(r) || !unicode.IsPrint(r) }
	if s == "" || strings.ContainsFunc(s, odd) {
		return strconv.Quote(s)
	}
	return s
}
