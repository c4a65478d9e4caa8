package main

import (
	"io"
	"log/slog"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/terminal"
)

// logs is where log lines go. close must be called.
type logs struct {
	*slog.Logger
	level *slog.LevelVar // may be set at any time
	daily *dailyLog
}

// newLogs writes to out. It serves configurations that passed their validation.
func newLogs(out io.Writer, cfg config.Log) *logs {
	level := new(slog.LevelVar)
	to := newLogHandler(out, cfg.Format, level)
	daily := newDailyLog(slog.New(to))
	l := &logs{Logger: slog.New(&dailyHandler{Handler: to, daily: daily}), level: level, daily: daily}
	l.set(cfg)
	return l
}

// set puts the level and the daily file of cfg into force.
func (l *logs) set(cfg config.Log) {
	l.level.Set(logLevels()[cfg.Level])
	folder := ""
	if cfg.Legacy {
		folder = cfg.Folder
	}
	l.daily.setFolder(folder)
}

// close waits until the daily file has its lines. Lines that come later go to out only.
func (l *logs) close() { l.daily.close() }

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
