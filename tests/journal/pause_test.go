package journal

import (
	"net/http"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// While events are paused, documents are accepted and wait, also over an upgrade and over a crash. Who would wait for the result is refused.
func TestDocumentsAreAcceptedInAPause(t *testing.T) {
	t.Parallel()
	a := app("")
	s := harness.Serve(t, a)
	pause(s)
	accept(s, "one")
	if err := s.Order(http.MethodPost, "/v1/fifo", "refused", nil); err == nil || !strings.Contains(err.Error(), "paused") {
		t.Errorf("got %v", err)
	}
	upgrade(s)
	accept(s, "two")
	if j := journalOf(s); j.Documents != 2 || len(ran(s, "document")) != 0 {
		t.Errorf("got %+v, and %q ran", j, ran(s, "document"))
	}
	resume(s)
	awaitRan(s, "document two")
	pause(s)
	accept(s, "three")
	restart(s, a)
	awaitRan(s, "document three")
	wantRan(s, "document", "document one", "document two", "document three")
}

// Without a journal nobody would keep them.
func TestDocumentsAreRefusedInAPauseWithoutAJournal(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: diary, TOML: "[journal]\ndir = \"\"\n"})
	pause(s)
	if err := s.Order(http.MethodPost, "/v1/fifo?wait=0", "refused", nil); err == nil || !strings.Contains(err.Error(), "paused") {
		t.Errorf("got %v", err)
	}
}
