package logs

import (
	"bytes"
	"io"
	"log/slog"
)

// newJournalHandler writes text as systemd's journal wants it: the priority in front of each line, from which the journal takes it
// away (sd-daemon(3)), and no time, which the journal has.
func newJournalHandler(out io.Writer, level slog.Leveler) slog.Handler {
	return slog.NewTextHandler(&journalWriter{out}, &slog.HandlerOptions{Level: level, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		if level, ok := a.Value.Any().(slog.Level); ok && len(groups) == 0 && a.Key == slog.LevelKey {
			return slog.Int(slog.LevelKey, priority(level))
		}
		return a
	}})
}

// priority is syslog's (syslog(3)).
func priority(l slog.Level) int {
	switch {
	case l >= slog.LevelError:
		return 3
	case l >= slog.LevelWarn:
		return 4
	case l >= slog.LevelInfo:
		return 6
	}
	return 7
}

// journalWriter turns "level=3 " at a line's beginning into "<3>". slog.TextHandler writes each record with one call, the level
// first if there is no time.
type journalWriter struct{ out io.Writer }

func (w *journalWriter) Write(line []byte) (int, error) {
	rest, ok := bytes.CutPrefix(line, []byte(slog.LevelKey+"="))
	if !ok || len(rest) < 2 {
		return w.out.Write(line)
	}
	if _, err := w.out.Write(append([]byte{'<', rest[0], '>'}, rest[2:]...)); err != nil {
		return 0, err
	}
	return len(line), nil
}
