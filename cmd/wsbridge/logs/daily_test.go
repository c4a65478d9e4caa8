package logs

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
)

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestDailyFileChangesAtMidnight(t *testing.T) {
	folder := t.TempDir()
	d := newDailyLog(slog.New(slog.DiscardHandler))
	d.setFolder(folder)
	midnight := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	d.put(midnight.Add(-time.Second), "yesterday")
	d.put(midnight.In(time.FixedZone("elsewhere", -3600)), "today")
	d.close()
	if got, want := readFile(t, filepath.Join(folder, "ws_20261130.log")), "[2026-11-30 23:59:59]  yesterday\n"; got != want {
		t.Errorf("got %q", got)
	}
	if got, want := readFile(t, filepath.Join(folder, "ws_20261201.log")), "[2026-12-01 00:00:00]  today\n"; got != want {
		t.Errorf("got %q", got)
	}
}

func TestDailyFileCanBeAppendedToByPHP(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ws.log")
	for range 2 {
		if err := appendShared(path, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o666 || info.Size() != 2 {
		t.Errorf("got %v, %v", info, err)
	}
}

// The folder may belong to php-fpm's user, who must not be able to write through a link as wsbridge.
func TestDailyFileFollowsNoLink(t *testing.T) {
	dir := t.TempDir()
	victim, link := filepath.Join(dir, "victim"), filepath.Join(dir, "ws.log")
	for _, target := range []string{victim, filepath.Join(dir, "new")} {
		if err := os.WriteFile(victim, []byte("precious"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
		if err := appendShared(link, []byte("x")); err == nil {
			t.Error("no error")
		}
		os.Remove(link)
	}
	if got := readFile(t, victim); got != "precious" {
		t.Errorf("got %q", got)
	}
	if _, err := os.Lstat(filepath.Join(dir, "new")); err == nil {
		t.Error("a file was made through a link")
	}
}

func dailyBatchOf(text string) *dailyBatch {
	b := &dailyBatch{day: "20261201", lines: 1}
	b.text.WriteString(text)
	return b
}

func TestDailyFileThatCannotBeWrittenIsReportedOnceAndItsLinesCounted(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "logs") // does not exist yet
	var out bytes.Buffer
	d := newDailyLog(slog.New(slog.NewTextHandler(&out, nil)))
	d.close() // the writer is the test
	d.setFolder(folder)
	for range 3 {
		d.write(dailyBatchOf("lost\n"))
	}
	if got := d.dropped.Load(); got != 3 {
		t.Errorf("%d lines are told as dropped", got)
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	d.dropped.Add(2)
	d.write(dailyBatchOf("kept\n"))
	got := readFile(t, filepath.Join(folder, "ws_20261201.log"))
	if !strings.Contains(got, "*** 5 lines are missing here\nkept\n") || strings.Contains(got, "lost") {
		t.Errorf("got %q", got)
	}
	if n := strings.Count(out.String(), "cannot be written"); n != 1 || !strings.Contains(out.String(), "is written again") {
		t.Errorf("got log %q", out.String())
	}
}

func TestDailyLogNeverBlocks(t *testing.T) {
	d := newDailyLog(slog.New(slog.DiscardHandler))
	d.close() // no line is taken any more
	for range dailyLines + 10 {
		d.put(time.Now(), "x")
	}
	if dropped := d.dropped.Load(); dropped != 10 {
		t.Errorf("%d lines are counted as dropped", dropped)
	}
}

func TestDailyFileIsNoDevice(t *testing.T) {
	if err := appendShared("/dev/full", []byte("x")); err == nil {
		t.Error("a device passes for a log file")
	}
}

func TestDailyLineHasNoWordOfTheApplications(t *testing.T) {
	folder := t.TempDir()
	log := New(io.Discard, config.Log{Level: "info", Format: "json", Legacy: true, Folder: folder})
	log.With("client", 7, "peer", "10.0.0.1:5").Info("client connected")
	log.Error("handler failed", "error", "exception: no\nrows", "file", "/e.php")
	log.Warn("php-fpm wrote to its error stream", "text", "s3cret")
	log.Info("message of a client", "payload", "s3cret")
	log.Info("s3cret", "source", "application")
	log.With("source", "application").Warn("s3cret")
	log.Debug("below the level")
	log.Close()
	got := readFile(t, filepath.Join(folder, "ws_"+time.Now().UTC().Format("20060102")+".log"))
	for _, want := range []string{
		"]  client connected client=7 peer=10.0.0.1:5\n",
		`]  *** handler failed error="exception: no\nrows" file=/e.php` + "\n",
		"]  *** php-fpm wrote to its error stream\n",
		"]  message of a client\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
	if strings.Contains(got, "s3cret") || strings.Count(got, "\n") != 4 {
		t.Errorf("got %q", got)
	}
}

func TestDailyFileIsOffUnlessAskedFor(t *testing.T) {
	folder := t.TempDir()
	log := New(io.Discard, config.Log{Level: "info", Format: "json", Folder: folder})
	log.Info("not written")
	log.Set(config.Log{Level: "info", Legacy: true, Folder: folder})
	log.Info("written")
	log.Close()
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(files) != 1 || strings.Count(readFile(t, files[0]), "\n") != 1 {
		t.Errorf("got %v, %v", files, err)
	}
}
