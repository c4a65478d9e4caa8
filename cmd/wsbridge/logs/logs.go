package logs

import (
	"io"
	"log/slog"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/terminal"
)

// Log is where log lines go. Close must be called.
type Log struct {
	*slog.Logger
	Level *slog.LevelVar // may be set at any time
	daily *dailyLog
}

// New writes to out. It serves configurations that passed their validation.
func New(out io.Writer, cfg config.Log) *Log {
	level := new(slog.LevelVar)
	to := newLogHandler(out, cfg.Format, level)
	daily := newDailyLog(slog.New(to))
	l := &Log{Logger: slog.New(&dailyHandler{Handler: to, daily: daily}), Level: level, daily: daily}
	l.Set(cfg)
	return l
}

// Set puts the level and the daily file of cfg into force.
func (l *Log) Set(cfg config.Log) {
	l.Level.Set(logLevels()[cfg.Level])
	folder := ""
	if cfg.Legacy {
		folder = cfg.Folder
	}
	l.daily.setFolder(folder)
}

// Close waits until the daily file has its lines. Lines that come later go to out only.
func (l *Log) Close() { l.daily.close() }

// Dropped returns how many lines the daily file has lost since the start.
func (l *Log) Dropped() uint64 { return l.daily.dropped.Load() }

func newLogHandler(out io.Writer, format string, level slog.Leveler) slog.Handler {
	switch {
	case format == "journal" || format == "auto" && terminal.IsJournal(out):
		return newJournalHandler(out, level)
	case format == "text" || format == "auto" && terminal.Is(out):
		return slog.NewTextHandler(out, &slog.HandlerOptions{Level: level})
	}
	return slog.NewJSONHandler(out, &slog.HandlerOptions{Level: level})
}

func logLevels() map[string]slog.Level {
	return map[string]slog.Level{
		"debug": slog.LevelDebug,
		"info":  slog.LevelInfo,
		"warn":  slog.LevelWarn,
		"error": slog.LevelError,
	}
}
