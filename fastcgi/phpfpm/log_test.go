package phpfpm

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

func TestLogLines(t *testing.T) {
	for in, want := range map[string]string{
		"[23-Nov-2026 23:02:56] NOTICE: fpm is running, pid 15359":                                                     `level=DEBUG msg="php-fpm: fpm is running, pid 15359"`,
		"[23-Nov-2026 23:02:56.123456] WARNING: slow":                                                                  `level=WARN msg="php-fpm: slow"`,
		"[x] WARNING: [pool wsbridge_status] child 12 exited on signal 9 (SIGKILL) after 22.031044 seconds from start": `level=DEBUG msg="php-fpm: [pool wsbridge_status] child 12 exited on signal 9 (SIGKILL) after 22.031044 seconds from start"`,
		"[x] WARNING: [pool wsbridge] child 12 exited on signal 9 (SIGKILL) after 1 seconds from start":                `level=WARN msg="php-fpm: [pool wsbridge] child 12 exited on signal 9 (SIGKILL) after 1 seconds from start"`,
		"[x] ERROR: unable to bind": `level=ERROR msg="php-fpm: unable to bind"`,
		"[x] ALERT: oops\r":         `level=ERROR msg="php-fpm: oops"`,
		"PHP Fatal error: [x] in y": `level=WARN msg="php-fpm worker wrote" text="PHP Fatal error: [x] in y"`,
		`[x] WARNING: [pool www] child 12 said into stderr: "hi "you"", pipe is closed`: `level=WARN msg="php-fpm worker wrote" text="hi \"you\""`,
		`[x] WARNING: [pool www] child 12 said into stdout: "hi"`:                       `level=WARN msg="php-fpm worker wrote" text=hi`,
		"NOTICE: PHP message: again":                                                    "",
		"":                                                                              "",
		"bad \xff":                                                                      "level=WARN msg=\"php-fpm worker wrote\" text=\"bad \uFFFD\"",
		"a" + strings.Repeat("b", 3*maxLogLine):                                         `level=WARN msg="php-fpm worker wrote" text=a` + strings.Repeat("b", maxLogLine-1),
	} {
		var out bytes.Buffer
		dropTime := func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}
		log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: dropTime}))
		newLogReader(log).read(strings.NewReader(in + "\n"))
		if got := strings.TrimSpace(out.String()); got != want {
			t.Errorf("%.100q: got %.300s", in, got)
		}
	}
}

func TestLogKeepsTheLastLines(t *testing.T) {
	l := newLogReader(slog.New(slog.DiscardHandler))
	l.read(strings.NewReader("1\n2\n3\n4\n5\n6\n7"))
	if got := strings.Join(l.tail, ""); got != "34567" {
		t.Errorf("got %s", got)
	}
}
