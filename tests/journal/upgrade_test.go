package journal

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// upgrade has another process take over, and lets the server be that one.
func upgrade(s *harness.Server) {
	s.T.Helper()
	done, err := s.Control().Upgrade(s.T.Context(), "")
	if err != nil {
		s.T.Fatalf("upgrade: %v", err)
	}
	s.FollowUpgrade(done.After.PID)
}

// The journal goes along with a hand-over: a crash of the next process loses nothing of what the one before it has written.
func TestACrashAfterAnUpgrade(t *testing.T) {
	t.Parallel()
	a := app("rows = true\n")
	s := harness.Serve(t, a)
	s.ConnectAs("login=anna").Ask("one")
	awaitSaid(s, 1, "one")
	c := s.ConnectAs("login=bert")
	pause(s)
	s.WritePipe("waits")
	harness.Eventually(t, "the document waits", func() bool { return journalOf(s).Documents == 1 })
	upgrade(s)
	if j := journalOf(s); j.Documents != 1 || j.Owed != 2 || j.Begun != 0 {
		t.Errorf("got %+v", j)
	}
	resume(s)
	awaitRan(s, "document waits")
	if got := c.Ask("two"); got != "2 two" {
		t.Errorf("got %q", got)
	}
	awaitSaid(s, 2, "two")
	restart(s, a)
	wantRan(s, "document", "document waits")
	wantRan(s, "close", "close anna one REMOTE TERMINATED of 2", "close bert two REMOTE TERMINATED of 1")
	s.Connect()
	awaitRan(s, "open 3 anna")
}

// journal.rows holds from the upgrade on, also for what has not changed since.
func TestAnUpgradeThatTurnsRowsOn(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, app(""))
	s.ConnectAs("login=anna").Ask("one")
	a := app("rows = true\n")
	s.Configure(a.TOML)
	upgrade(s)
	awaitRows(s)
	restart(s, a)
	wantRan(s, "close", "close anna one REMOTE TERMINATED of 1")
	if got := s.Connect().Ask("two"); got != "2 two" {
		t.Errorf("got %q", got)
	}
}

// A process that ends after it has opened the journal gives it back.
func TestAnUpgradeThatFailsLeavesTheJournal(t *testing.T) {
	t.Parallel()
	a := app("rows = true\n")
	for range 50 {
		if s, c := prepared(t, a); killSuccessor(s) {
			journalIsBack(s, c, a)
			return
		}
	}
	t.Fatal("the other process always had taken over before it was killed")
}

// killSuccessor upgrades the server, and kills the process that takes over when it has opened the journal. It reports false if that was too late:
// then nothing serves any more.
func killSuccessor(s *harness.Server) bool {
	s.T.Helper()
	asked := make(chan error, 1)
	go func() { _, err := s.Control().Upgrade(s.T.Context(), ""); asked <- err }()
	harness.Eventually(s.T, "the other process has the journal", func() bool { return s.Log.Count("the journal is open") == 2 })
	if err := syscall.Kill(int(s.Log.Last("another process is to take over")["pid"].(float64)), syscall.SIGKILL); err != nil {
		s.T.Fatal(err)
	}
	if err := <-asked; err != nil {
		return true
	}
	s.Wait()
	return false
}

func journalIsBack(s *harness.Server, c *harness.Client, a harness.App) {
	s.T.Helper()
	if j := journalOf(s); j.Documents != 1 || j.Owed != 1 || j.Broken != "" {
		s.T.Errorf("got %+v", j)
	}
	resume(s)
	awaitRan(s, "document waits")
	if got := c.Ask("two"); got != "2 two" {
		s.T.Errorf("got %q", got)
	}
	awaitSaid(s, 1, "two")
	restart(s, a)
	wantRan(s, "document", "document waits")
	wantRan(s, "close", "close anna two REMOTE TERMINATED of 1")
}

// Documents of the pipe keep their order over upgrades, also those that come while others wait in the journal only.
func TestOrderOverUpgrades(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, app(""))
	pause(s)
	for i := range 1200 { // more than the queue in memory has room for
		s.WritePipe(document(i) + "\n")
	}
	stop, written := make(chan struct{}), make(chan int)
	go func() {
		n := 1200
		for ; ; n++ {
			select {
			case <-stop:
				written <- n
				return
			case <-time.After(5 * time.Millisecond): // else most of the time goes for what an upgrade of a slow machine lets through
				s.WritePipe(document(n) + "\n")
			}
		}
	}()
	for range 2 {
		upgrade(s)
	}
	close(stop)
	n := <-written
	resume(s)
	for i := 500; i < n; i += 500 { // each wait has its own patience
		awaitRan(s, "document "+document(i))
	}
	awaitRan(s, "document "+document(n-1))
	t.Logf("%d documents", n)
	for i, line := range ran(s, "document") {
		if want := "document " + document(i); line != want {
			t.Fatalf("%d: got %q, want %q", i, line, want)
		}
	}
}

// More documents wait than the queue in memory has room for when an upgrade fails after everything has stopped, and none comes after that: all of
// them run in order all the same.
func TestDocumentsBehindRunAfterAnUpgradeThatFails(t *testing.T) {
	t.Parallel()
	const documents = 1500 // more than 1024
	s := harness.Serve(t, app(""))
	pause(s)
	var all strings.Builder
	var want []string
	for i := range documents {
		fmt.Fprintf(&all, `{"n":%d}`, i)
		want = append(want, fmt.Sprintf(`document {"n":%d}`, i))
	}
	s.WritePipe(all.String())
	harness.Eventually(t, "all wait", func() bool { return journalOf(s).Documents == documents })
	failToUpgrade(s)
	resume(s)
	awaitRan(s, want[documents-1])
	wantRan(s, "document", want...)
}

// failToUpgrade has a process begin to take over that cannot open the journal: it must not write a file as large as what a journal sets aside.
func failToUpgrade(s *harness.Server) {
	s.T.Helper()
	path := s.Path("limited")
	if err := os.WriteFile(path, fmt.Appendf(nil, "#!/bin/sh\nulimit -f 2048\nexec %s \"$@\"\n", harness.Program()), 0o755); err != nil {
		s.T.Fatal(err)
	}
	if err := os.Remove(s.Path("journal/ballast")); err != nil { // so that it has to be made
		s.T.Fatal(err)
	}
	if _, err := s.Control().Upgrade(s.T.Context(), path); err == nil || !strings.Contains(err.Error(), "set room aside for the journal") {
		s.T.Fatalf("upgrade: %v", err)
	}
}
