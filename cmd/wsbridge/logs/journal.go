package logs

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"os"
	"syscall"
)

// isJournal reports whether out is the stream to systemd's journal that JOURNAL_STREAM names by device and inode: a program whose output
// was redirected still has the variable (systemd.exec(5)).
func isJournal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	var s syscall.Stat_t
	err := syscall.Fstat(int(f.Fd()), &s)
	return err == nil && os.Getenv("JOURNAL_STREAM") == fmt.Sprintf("%d:%d", s.Dev, s.Ino)
}

// newJournalHandler writes text with a priority at the start of each line, which the journal removes (sd-daemon(3)), and without the
// time, which the journal adds. The journal's own protocol has a field for each attribute, but journalctl shows only the message,
// and it needs a socket that containers do not have.
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

// priority returns a level's severity in syslog(3).
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

// journalWriter turns "level=3 " at the start of a line into "<3>". slog.TextHandler writes each record in one call, and the level
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
