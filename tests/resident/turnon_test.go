package resident

import (
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// A reload may turn resident workers on and bring other code with it: the first worker loads code that no event has run yet.
func TestReloadTurnsWorkersOnWithOtherCode(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: ofVersion("1"), TOML: harness.RequestPerEvent})
	c := s.Connect()
	if got := c.Ask("return version();"); got != "1" {
		t.Errorf("got %q", got)
	}
	s.Write("other.php", "<?php\nfunction ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { return True; }\n"+ofVersion("2"))
	s.Configure("[php]\nresident = \"on\"\nevents_file = \"" + s.Path("other.php") + "\"\n")
	change, err := s.Control().Reload(t.Context())
	if err != nil || len(change.Applied) != 2 {
		t.Fatalf("got %+v, %v", change, err)
	}
	if got := c.Ask("return version();"); got != "2" {
		t.Errorf("got %q", got)
	}
	if workers, err := s.Control().Workers(t.Context()); err != nil || len(workers.Workers) == 0 {
		t.Errorf("got %+v, %v", workers, err)
	}
	if s.Log.Count("the changed application cannot be described: the code that was loaded before goes on") > 0 {
		t.Error("the worker's code could not be described")
	}
}
