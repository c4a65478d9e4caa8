package main

import (
	"io"
	"log/slog"
	"os"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
)

// newLogger returns the program's logger, and its level, which may be set at any time. It serves configurations that passed
// their validation.
func newLogger(out io.Writer, cfg config.Log) (*slog.Logger, *slog.LevelVar) {
	level := new(slog.LevelVar)
	level.Set(logLevels()[cfg.Level])
	options := &slog.HandlerOptions{Level: level}
	if cfg.Format == "text" || cfg.Format == "auto" && isTerminal(out) {
		return slog.New(slog.NewTextHandler(out, options)), level
	}
	return slog.New(slog.NewJSONHandler(out, options)), level
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
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
