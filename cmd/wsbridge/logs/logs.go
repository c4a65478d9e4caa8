// Package logs owns where the program's log lines go: to a writer in one of three formats, and to the original server's daily file.
// The running server makes one Log and passes its Logger on. Logging may be done concurrently and waits for the writer, never for the
// daily file.
package logs

import (
	"io"
	"log/slog"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/terminal"
)

// Log is where log lines go. The caller closes it.
type Log struct {
	*slog.Logger
	Level *slog.LevelVar // may be set at any time
	daily *dailyLog
}

// New returns a log that writes to out. cfg must have passed its validation.
func New(out io.Writer, cfg config.Log) *Log {
	level := new(slog.LevelVar)
	handler := newHandler(out, cfg.Format, level)
	daily := newDailyLog(slog.New(handler))
	l := &Log{Logger: slog.New(&dailyHandler{Handler: handler, daily: daily}), Level: level, daily: daily}
	l.Set(cfg)
	return l
}

// Set applies the level and the daily file of cfg; the format stays. It may be called while lines are logged.
func (l *Log) Set(cfg config.Log) {
	_ = l.Level.UnmarshalText([]byte(cfg.Level)) // the validation knows the same names
	folder := ""
	if cfg.Legacy {
		folder = cfg.Folder
	}
	l.daily.setFolder(folder)
}

// Dropped returns how many lines the daily file has lost since the start.
func (l *Log) Dropped() uint64 { return l.daily.dropped.Load() }

// Close waits until the daily file has its lines. Lines that are logged later go to the writer only.
func (l *Log) Close() { l.daily.close() }

func newHandler(out io.Writer, format string, level slog.Leveler) slog.Handler {
	switch {
	case format == "journal" || format == "auto" && isJournal(out):
		return newJournalHandler(out, level)
	case format == "text" || format == "auto" && terminal.Is(out):
		return slog.NewTextHandler(out, &slog.HandlerOptions{Level: level})
	}
	return slog.NewJSONHandler(out, &slog.HandlerOptions{Level: level, ReplaceAttr: durationText})
}

// durationText writes a duration as the text formats do, "1m5s": JSON would have a number of nanoseconds.
func durationText(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.String())
	}
	return a
}
