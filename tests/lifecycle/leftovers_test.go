package lifecycle

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// The next start removes what a killed server has left, and nothing that a living one needs.
func TestRunDirOfAKilledServerIsRemoved(t *testing.T) {
	t.Parallel()
	parent := harness.PublicDir(t)
	a := harness.App{TOML: "php.run_dir = \"" + parent + "\"\n", Handlers: harness.Echo}
	folders := func() (names []string) {
		all, _ := filepath.Glob(filepath.Join(parent, "wsbridge-*"))
		return all
	}
	living := harness.Serve(t, a)
	of := folders()
	killed := harness.Serve(t, a)
	killed.Signal(syscall.SIGKILL)
	killed.Wait()
	others := []string{filepath.Join(parent, "wsbridge-1234"), filepath.Join(parent, "wsbridge-backup")}
	for _, other := range others {
		if err := os.Mkdir(other, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if got := folders(); len(got) != 4 {
		t.Fatalf("got %q", got)
	}
	next := harness.Serve(t, a)
	next.Log.Wait("the run-time folder of a server that was killed was removed")
	if got := folders(); len(got) != 4 {
		t.Errorf("got %q", got)
	}
	for _, kept := range append(of, others...) {
		if _, err := os.Stat(kept); err != nil {
			t.Error(err)
		}
	}
	for _, s := range []*harness.Server{living, next} {
		if got := s.Connect().Ask("x"); got != "x" {
			t.Errorf("got %s", got)
		}
	}
}
