package handlers

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// A handler is not told that its show_message cannot write the daily file. The operator is, by wsbridge's log, which has the lines.
func TestADailyFileThatCannotBeWrittenIsTold(t *testing.T) {
	for _, mode := range []string{harness.Resident, harness.RequestPerEvent} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := harness.Serve(t, harness.App{TOML: mode, Handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg) { show_message("kept"); send_text($client_key,"said"); }`})
			c := s.Connect()
			const fails, works = "show_message cannot write the daily file: its lines are in this log only, until it can", "show_message writes the daily file again"
			name, permit := dailyFile(t, s.Dir)
			for round := 1; round <= 2; round++ {
				permit(0o400)
				c.Ask("text")
				c.Ask("text")
				permit(0o666)
				c.Ask("text")
				harness.Eventually(t, "the file is written again", func() bool { return s.Log.Count(works) == round })
				if line := s.Log.Last(fails); line["file"] != name() || line["level"] != "WARN" || !strings.Contains(fmt.Sprint(line["error"]), "may not write it, it belongs to user ") {
					t.Errorf("got %v", line)
				}
				if line := s.Log.Last(works); line["missing"] != float64(2) {
					t.Errorf("got %v", line)
				}
				if got := []int{s.Log.Count("kept"), s.Log.Count(fails)}; got[0] != 3*round || got[1] != round {
					t.Errorf("%v lines in round %d", got, round)
				}
			}
		})
	}
}

// An operator who wants warnings only finds the lines that the daily file lacks.
func TestLinesThatTheDailyFileLacksAreWarnings(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg) { show_message($msg); send_text($client_key,"said"); }`})
	c := s.Connect()
	_, permit := dailyFile(t, s.Dir)
	permit(0o400)
	if err := s.Order("PUT", "/v1/log", `{"level":"warn"}`, nil); err != nil {
		t.Fatal(err)
	}
	c.Ask("lost")
	if line := s.Log.Wait("lost"); line["level"] != "WARN" {
		t.Errorf("got %v", line)
	}
	permit(0o666)
	c.Ask("kept")
	c.Ask("kept")
	if s.Log.Count("kept") > 0 {
		t.Error("a line that the file has is a warning")
	}
}

// dailyFile makes the daily file of today, and that of tomorrow in case midnight comes, and returns what is to be known of them.
func dailyFile(t *testing.T, dir string) (name func() string, permit func(os.FileMode)) {
	t.Helper()
	path := func(at time.Time) string { return filepath.Join(dir, at.UTC().Format("ws_20060102.log")) }
	now := time.Now()
	both := []string{path(now), path(now.Add(24 * time.Hour))}
	for _, file := range both {
		f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	return func() string { return path(time.Now()) }, func(mode os.FileMode) {
		t.Helper()
		for _, file := range both {
			if err := os.Chmod(file, mode); err != nil {
				t.Fatal(err)
			}
		}
	}
}
