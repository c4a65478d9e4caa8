package journal

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// command runs a command of wsbridge and returns what it wrote and its exit status.
func command(t *testing.T, args ...string) (out string, status int) {
	t.Helper()
	return harness.Finish(t, exec.CommandContext(t.Context(), harness.Program(), args...))
}

// One server has a journal: a second one does not start, and commands for folders leave it alone.
func TestAJournalBelongsToOneServer(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, app(""))
	dir := s.Path("journal")
	other := app("")
	other.TOML = strings.Replace(other.TOML, `dir = "journal"`, fmt.Sprintf("dir = %q", dir), 1)
	second := harness.Prepare(t, other)
	second.Start(second.Arguments(other)...)
	if status := second.Wait(); status != 1 {
		t.Errorf("exit status %d", status)
	}
	second.WantError("journal.dir", dir, "in use by process "+fmt.Sprint(s.PID()))
	for _, what := range []string{"show", "repair"} {
		if out, status := command(t, "journal", what, dir); status != 1 || !strings.Contains(out, "in use") {
			t.Errorf("%s: got %d %s", what, status, out)
		}
	}
}

// What a journal has of clients is for its server alone, also in a folder that others may enter, and handshakes are not shown.
func TestAJournalKeepsSecrets(t *testing.T) {
	t.Parallel()
	a := app("")
	s := harness.Prepare(t, a)
	dir := s.Path("journal")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s.Run(a)
	s.ConnectAs("login=secret-of-anna").Ask("one")
	s.Kill()
	found := false
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if strings.Contains(string(data), "secret-of-anna") {
			found = true
			info, err := os.Stat(filepath.Dir(path))
			if err != nil || info.Mode().Perm() != 0o700 {
				t.Errorf("%s is in a folder with %v, %v", path, info.Mode(), err)
			}
		}
		return err
	})
	if err != nil || !found {
		t.Errorf("found %v, %v", found, err)
	}
	out, status := command(t, "journal", "show", "--json", dir)
	var left struct {
		Crashed     bool
		CloseEvents []map[string]any `json:"close_events"`
	}
	if err := json.Unmarshal([]byte(out), &left); err != nil || status != 0 || !left.Crashed || len(left.CloseEvents) != 1 {
		t.Fatalf("got %d %s, %v", status, out, err)
	}
	owed := left.CloseEvents[0]
	names := slices.Sorted(maps.Keys(owed))
	if want := []string{"begun", "client", "connected", "peer", "row"}; !slices.Equal(names, want) || owed["client"] != 1.0 {
		t.Errorf("got %v", owed)
	}
}

// A damaged journal is refused, set aside and never deleted; what can be read of it runs.
func TestADamagedJournalIsSetAside(t *testing.T) {
	t.Parallel()
	a := app("")
	s := harness.Serve(t, a)
	s.ConnectAs("login=anna")
	s.WritePipe("hang")
	awaitRan(s, "hangs")
	for i := range 20 {
		accept(s, document(i))
	}
	s.Kill()
	dir := s.Path("journal")
	if out, status := command(t, "journal", "show", dir); status != 0 || !strings.Contains(out, "20 documents to run, 1 document that had begun") ||
		!strings.Contains(out, "by a crash") || !strings.Contains(out, "client 1 of 127.0.0.1:") {
		t.Errorf("show: got %d %s", status, out)
	}
	if out, status := command(t, "journal", "repair", dir); status != 0 || !strings.Contains(out, "not damaged") {
		t.Errorf("repair: got %d %s", status, out)
	}
	damage(t, dir)
	s.Start(s.Arguments(a)...)
	if status := s.Wait(); status != 1 {
		t.Errorf("exit status %d", status)
	}
	s.WantError("journal is damaged", dir, "wsbridge journal repair")
	out, status := command(t, "journal", "repair", dir)
	if aside, _ := filepath.Glob(dir + ".damaged-*"); status != 0 || len(aside) != 1 || !strings.Contains(out, aside[0]) {
		t.Errorf("repair: got %d %s, aside %v", status, out, aside)
	}
	start(s, a)
	awaitRan(s, "document "+document(0)) // written before the damage
}

// damage changes a byte in the middle of the store's log.
func damage(t *testing.T, dir string) {
	t.Helper()
	logs, _ := filepath.Glob(filepath.Join(dir, "store", "*.log"))
	if len(logs) == 0 {
		t.Fatal("the journal has no log")
	}
	path := logs[len(logs)-1]
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := strings.Index(string(data), document(10)) // its payload, which is followed by others
	if at < 0 {
		t.Fatal("the log has no such document")
	}
	data[at] ^= 0xff
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// On a full disk documents are refused, clients come and go, and all goes on when there is room. Nothing that was accepted is lost by a crash
// meanwhile.
func TestAFullDisk(t *testing.T) {
	d := mountDisk(t)
	a := app("rows = true\n")
	a.TOML = strings.Replace(a.TOML, `dir = "journal"`, fmt.Sprintf("dir = %q", filepath.Join(d.path, "journal")), 1)
	s := harness.Serve(t, a)
	c := s.ConnectAs("login=anna")
	s.ConnectAs("login=bert")
	pause(s)
	s.WritePipe("accepted")
	harness.Eventually(t, "the document waits", func() bool { return journalOf(s).Documents == 1 })
	fill(t, d.path)
	s.WritePipe(strings.Repeat("x", 1<<19))
	harness.Eventually(t, "the journal is full", func() bool { return journalOf(s).Full })
	if n := harness.Metric(t, s.Metrics(), "wsbridge_journal_full"); n != 1 {
		t.Errorf("the metric says %v", n)
	}
	c.HangUp()
	s.Kill()
	start(s, a)
	awaitRan(s, "document accepted")
	wantRan(s, "document accepted", "document accepted")
	if len(ran(s, "close anna")) != 1 || len(ran(s, "close bert")) != 1 {
		t.Errorf("got %v", ran(s, "close"))
	}
	if err := os.Remove(filepath.Join(d.path, "filler")); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, "there is room again", func() bool { return !journalOf(s).Full })
	accept(s, "at last")
	awaitRan(s, "document at last")
}

// A stop on a full disk ends as any other: what could not be written is not needed any more, and the next start finds no damage.
func TestAStopOnAFullDisk(t *testing.T) {
	d := mountDisk(t)
	a := app("rows = true\n")
	a.TOML = strings.Replace(a.TOML, `dir = "journal"`, fmt.Sprintf("dir = %q", filepath.Join(d.path, "journal")), 1)
	s := harness.Serve(t, a)
	s.ConnectAs("login=anna")
	c := s.ConnectAs("login=bert")
	accept(s, "before")
	awaitRan(s, "document before")
	fill(t, d.path)
	if got := c.Ask("one"); got != "1 one" { // its row changes
		t.Errorf("got %q", got)
	}
	if status := s.Stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	for _, name := range []string{"anna", "bert"} {
		if n := len(ran(s, "close "+name)); n != 1 {
			t.Errorf("%d close events of %s", n, name)
		}
	}
	start(s, a)
	if j := journalOf(s); j.Documents != 0 || j.Owed != 0 || j.Begun != 0 || j.Broken != "" {
		t.Errorf("got %+v", j)
	}
	if n := len(ran(s, "close")); n != 2 {
		t.Errorf("%d close events, want 2", n)
	}
	wantRan(s, "document", "document before")
}

// fill writes a file until the disk is full.
func fill(t *testing.T, dir string) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size >= 1<<12; {
		if _, err := f.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
	_ = f.Sync() // it says again that the disk is full
}
