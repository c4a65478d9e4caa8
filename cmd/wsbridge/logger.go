package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"syscall"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
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
	case format == "journal" || format == "auto" && isJournal(out):
		return newJournalHandler(out, level)
	case format == "text" || format == "auto" && isTerminal(out):
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

// isTerminal reports whether a person may be reading. Other character devices pass for one, which costs nothing: what
// collects log lines is a pipe, a socket or a file.
func isTerminal(out io.Writer) bool {
	info := stat(out)
	return info != nil && info.Mode()&os.ModeCharDevice != 0
}

// isJournal reports whether out is the stream to systemd's journal that JOURNAL_STREAM tells of, by device and inode: a program
// whose output was sent elsewhere still has the variable (systemd.exec(5)).
func isJournal(out io.Writer) bool {
	info := stat(out)
	if info == nil {
		return false
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && os.Getenv("JOURNAL_STREAM") == fmt.Sprintf("%d:%d", s.Dev, s.Ino)
}

// stat returns nil for what is no open file.
func stat(out io.Writer) os.FileInfo {
	f, ok := out.(*os.File)
	if !ok {
		return nil
	}
	info, err := f.Stat()
	if err != nil {
		return nil
	}
	return info
}
