package journal

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// cells are a row of the table in docs/survival.md, without what happens.
type cells struct{ clients, rows, globals, documents, closing string }

// happenings has what the table says to happen, with what a test sees of it.
var happenings = map[string]func(t *testing.T) cells{
	"a handler fails":         func(t *testing.T) cells { return whileItRuns(t, failHandler) },
	"a PHP process is killed": func(t *testing.T) cells { return whileItRuns(t, killPHP) },
	"php-fpm reloads":         func(t *testing.T) cells { return whileItRuns(t, reloadFPM) },
	"wsbridge reloads its configuration": func(t *testing.T) cells {
		return whileItRuns(t, func(s *harness.Server) { s.Reload("configuration reloaded") })
	},
	"wsbridge is upgraded": func(t *testing.T) cells { return whileItRuns(t, upgrade) },
	"wsbridge is stopped":  stopped,
	"wsbridge crashes":     crashed,
	"the power is cut":     powerCut,
}

// Each row of the table is a test, and each test a row.
func TestSurvival(t *testing.T) {
	page, err := os.ReadFile("../../docs/survival.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for line := range strings.Lines(string(page)) {
		row := strings.Split(strings.Trim(line, "| \n"), " | ")
		if len(row) != 6 || row[0] == "what happens" || strings.HasPrefix(row[0], "---") {
			continue
		}
		happens := happenings[row[0]]
		if happens == nil {
			t.Errorf("nothing makes this happen: %s", row[0])
			continue
		}
		seen++
		t.Run(row[0], func(t *testing.T) {
			t.Parallel()
			if got, want := happens(t), (cells{row[1], row[2], row[3], row[4], row[5]}); got != want {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
	if seen != len(happenings) {
		t.Errorf("the table has %d of %d", seen, len(happenings))
	}
}

// prepared serves diary to a client whose row and whose global variable have values, with a document that waits.
func prepared(t *testing.T, a harness.App) (*harness.Server, *harness.Client) {
	t.Helper()
	s := harness.Serve(t, a)
	c := s.ConnectAs("login=anna")
	c.Ask("one")
	awaitSaid(s, 1, "one")
	pause(s)
	s.WritePipe("waits")
	harness.Eventually(t, "the document waits", func() bool { return journalOf(s).Documents == 1 })
	return s, c
}

func pause(s *harness.Server) {
	s.T.Helper()
	if err := s.Order(http.MethodPost, "/v1/pause", "", nil); err != nil {
		s.T.Fatal(err)
	}
}

func resume(s *harness.Server) {
	s.T.Helper()
	if err := s.Order(http.MethodPost, "/v1/resume", "", nil); err != nil {
		s.T.Fatal(err)
	}
}

// whileItRuns returns what becomes of everything when something happens that wsbridge outlives.
func whileItRuns(t *testing.T, happen func(*harness.Server)) (seen cells) {
	s, c := prepared(t, app("rows = true\n"))
	happen(s)
	resume(s)
	if _, row := rowOf(s); strings.Contains(row, `"one"`) && strings.Contains(row, `"anna"`) {
		seen.rows = "stay"
	}
	switch c.Ask("two") {
	case "2 two", "3 two": // "die" counts too
		seen.clients, seen.globals = "stay", "stay"
	case "1 two":
		seen.clients = "stay"
	}
	awaitRan(s, "document waits")
	seen.documents = documentsRun(s)
	c.HangUp()
	awaitRan(s, "close anna two REMOTE TERMINATED of 1")
	seen.closing = "run when clients leave"
	return seen
}

func rowOf(s *harness.Server) (status int, row string) { return s.Get("/v1/connections/1") }

func documentsRun(s *harness.Server) string {
	if len(ran(s, "document")) == 1 {
		return "run"
	}
	return "do not run once"
}

func failHandler(s *harness.Server) {
	resume(s)
	other := s.ConnectAs("login=dies")
	other.Send("die")
	s.Log.Wait("handler failed")
	other.HangUp()
	awaitRan(s, "close dies nothing REMOTE TERMINATED of 2")
}

// killPHP waits until wsbridge has seen it: an event that a dying worker is given has begun, and does not run again.
func killPHP(s *harness.Server) {
	workers := harness.Children(s.FPMMaster())
	for _, pid := range workers {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			s.T.Fatal(err)
		}
	}
	harness.Eventually(s.T, "their ends are seen", func() bool {
		resident := s.Log.Count("resident worker runs events") > 0
		return s.Log.Count("exited on signal 9") >= len(workers) && (!resident || s.Log.Count("resident worker has ended") > 0)
	})
}

// reloadFPM waits until the workers are others: an event that one of the old ones is given in that moment has begun, and does not run again.
func reloadFPM(s *harness.Server) {
	resident := s.Log.Count("resident worker runs events") > 0
	workers := harness.Children(s.FPMMaster())
	if err := syscall.Kill(s.FPMMaster(), syscall.SIGUSR2); err != nil {
		s.T.Fatal(err)
	}
	harness.Eventually(s.T, "the workers are others", func() bool {
		isOld := func(pid int) bool { return slices.Contains(workers, pid) }
		now := harness.Children(s.FPMMaster())
		return len(now) > 0 && !slices.ContainsFunc(now, isOld) && (!resident || s.Log.Count("resident worker has ended") > 0)
	})
}

// stopped ends a pause, so that the document that waits runs before the end.
func stopped(t *testing.T) (seen cells) {
	a := app("rows = true\n")
	s, c := prepared(t, a)
	if status := s.Stop(c); status != 0 {
		t.Fatalf("exit status %d", status)
	}
	seen.clients = "are told 1001"
	seen.documents = documentsRun(s)
	if len(ran(s, "close anna one OPEN of 1")) == 1 {
		seen.closing = "run before the end"
	}
	start(s, a)
	return afterNextStart(s, seen)
}

func crashed(t *testing.T) cells {
	a := app("rows = true\n")
	s, c := prepared(t, a)
	s.Kill()
	start(s, a)
	return afterCrash(s, c)
}

// afterCrash returns what the next start makes of what a crash has left.
func afterCrash(s *harness.Server, c *harness.Client) (seen cells) {
	if _, _, err := c.Conn.ReadMessage(); websocket.IsUnexpectedCloseError(err) {
		seen.clients = "are cut off"
	}
	if len(ran(s, "close anna one REMOTE TERMINATED of 1")) == 1 {
		seen.rows, seen.closing = "last for their close events", "run at the next start"
	}
	awaitRan(s, "document waits")
	if documentsRun(s) == "run" {
		seen.documents = "run at the next start"
	}
	return afterNextStart(s, seen)
}

func afterNextStart(s *harness.Server, seen cells) cells {
	if status, _ := rowOf(s); seen.rows == "" && status == http.StatusNotFound {
		seen.rows = "end with their clients"
	}
	switch s.Connect().Ask("two") {
	case "1 two":
		seen.globals = "begin anew"
	case "2 two":
		seen.globals = "live on"
	}
	return seen
}
