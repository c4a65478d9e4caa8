package journal

import (
	"syscall"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// A stop that runs out of time says what it leaves to the next start.
func TestAStopSaysWhatItLeaves(t *testing.T) {
	t.Parallel()
	fpm := harness.StartFPM(t, 2)
	a := app("")
	a.TOML = fpm.Config() + "server.drain_timeout = \"500ms\"\n" + a.TOML
	s := harness.Serve(t, a)
	awaitRan(s, "started 0")
	fpm.Stop()
	for i := range 3 {
		accept(s, document(i))
	}
	s.Signal(syscall.SIGTERM)
	if line := s.Log.Wait("the journal keeps what has not run"); line["documents"] != 3.0 || line["close_events"] != 0.0 {
		t.Errorf("got %v", line)
	}
	if status := s.Wait(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	fpm.Start()
	start(s, a)
	awaitRan(s, "document "+document(2))
	wantRan(s, "document", "document "+document(0), "document "+document(1), "document "+document(2))
}
