package journal

import (
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// A crash while php-fpm is away costs no document: none of them has begun.
func TestACrashWhilePHPIsAway(t *testing.T) {
	t.Parallel()
	fpm := harness.StartFPM(t, 2)
	a := app("")
	a.TOML = fpm.Config() + "php.unavailable_wait = \"2s\"\n" + a.TOML
	s := harness.Serve(t, a)
	c := s.ConnectAs("login=anna")
	c.Ask("one")
	fpm.Stop()
	for i := range 3 {
		accept(s, document(i))
	}
	s.Log.Wait("php-fpm is away")
	if j := journalOf(s); j.Documents != 3 || j.Begun != 0 {
		t.Errorf("got %+v", j)
	}
	s.Kill()
	fpm.Start()
	start(s, a)
	awaitRan(s, "document "+document(2))
	wantRan(s, "document", "document "+document(0), "document "+document(1), "document "+document(2))
	wantRan(s, "close", "close anna nothing REMOTE TERMINATED of 1")
}
