package logs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
)

func TestLoggerWritesJSONUnlessToATerminal(t *testing.T) {
	var out bytes.Buffer
	testLogs(t, &out, config.Log{Level: "info", Format: "auto"}).Info("ready", "listen", "127.0.0.1:1")
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || line["listen"] != "127.0.0.1:1" {
		t.Errorf("got %q, %v", out.String(), err)
	}
}

func TestDurationsAreTextInEveryFormat(t *testing.T) {
	for format, want := range map[string]string{"json": `"again_in":"1m5s"`, "text": "again_in=1m5s", "journal": "again_in=1m5s"} {
		var out bytes.Buffer
		testLogs(t, &out, config.Log{Level: "info", Format: format}).Info("waits", "again_in", 65*time.Second)
		if got := out.String(); !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %s", format, got, want)
		}
	}
}

func TestLoggerFormatIsObeyed(t *testing.T) {
	var out bytes.Buffer
	testLogs(t, &out, config.Log{Level: "info", Format: "text"}).Info("ready")
	if !strings.HasSuffix(out.String(), "level=INFO msg=ready\n") {
		t.Errorf("got %q", out.String())
	}
}

func TestLoggerDropsWhatIsBelowItsLevel(t *testing.T) {
	for level, want := range map[string]int{"debug": 4, "info": 3, "warn": 2, "error": 1} {
		var out bytes.Buffer
		log := testLogs(t, &out, config.Log{Level: level, Format: "json"})
		log.Debug("d")
		log.Info("i")
		log.Warn("w")
		log.Error("e")
		if got := strings.Count(out.String(), "\n"); got != want {
			t.Errorf("%s: got %d lines, want %d", level, got, want)
		}
	}
}

// testLogs returns logs that end with the test.
func testLogs(t *testing.T, out io.Writer, cfg config.Log) *Log {
	l := New(out, cfg)
	t.Cleanup(l.Close)
	return l
}

func TestLogLevelCanBeChanged(t *testing.T) {
	var out bytes.Buffer
	log := testLogs(t, &out, config.Log{Level: "warn", Format: "text"})
	client := log.With("client", 1)
	client.Info("unheard")
	log.Level.Set(slog.LevelDebug)
	client.Debug("heard")
	if got := out.String(); strings.Contains(got, "unheard") || !strings.Contains(got, "heard") {
		t.Errorf("got %q", got)
	}
}

func TestJournalGetsPrioritiesAndNoTime(t *testing.T) {
	var out bytes.Buffer
	log := testLogs(t, &out, config.Log{Level: "debug", Format: "journal"}).With("client", 1)
	log.Debug("d")
	log.Info("i\n<3>j")
	log.Warn("w", "level", "x")
	log.Error("e")
	want := "<7>msg=d client=1\n<6>msg=\"i\\n<3>j\" client=1\n<4>msg=w client=1 level=x\n<3>msg=e client=1\n"
	if got := out.String(); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestJournalIsRecognised(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	info, err := w.Stat()
	if err != nil {
		t.Fatal(err)
	}
	s := info.Sys().(*syscall.Stat_t)
	for stream, want := range map[string]string{
		fmt.Sprintf("%d:%d", s.Dev, s.Ino):   "<6>msg=ready\n",
		fmt.Sprintf("%d:%d", s.Dev, s.Ino+1): `{"time":`,
		"":                                   `{"time":`,
	} {
		t.Setenv("JOURNAL_STREAM", stream)
		testLogs(t, w, config.Log{Level: "info", Format: "auto"}).Info("ready")
		line := make([]byte, 256)
		n, err := r.Read(line)
		if got := string(line[:n]); err != nil || !strings.HasPrefix(got, want) {
			t.Errorf("%q: got %q, %v", stream, got, err)
		}
	}
}
