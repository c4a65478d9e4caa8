package resident

import (
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// The lines of an existing php-fpm whose opcache never looks at a file again.
const frozenInPool = "php_value[opcache.validate_timestamps] = 0\n" + looksAtOnceInPool

// With opcache.validate_timestamps = 0, new code is what runs after php-fpm was reloaded, and not before: no worker is replaced for it, and
// nobody takes the files for the code that runs.
func TestFrozenOpcacheRunsNewCodeAfterReload(t *testing.T) {
	t.Parallel()
	a := harness.App{Handlers: ofVersion("1")}
	s := harness.Prepare(t, a)
	backdate := func() { // opcache keeps no file that is younger than two seconds (opcache.file_update_protection)
		old := time.Now().Add(-time.Minute)
		if err := os.Chtimes(s.Path(events), old, old); err != nil {
			t.Fatal(err)
		}
	}
	backdate()
	awaitNextSecond(t, s.Path(events))
	fpm := harness.StartFPMForResidents(t, 3, 5, "30s", frozenInPool)
	a.TOML = fpm.Config()
	s.Configure(a.TOML)
	s.Run(a)
	s.Log.Wait("changed code does not run until php-fpm is reloaded")
	s.Log.Wait("application described", `"certain":true`)
	before := worker(s)
	c := s.Connect()
	c.Send("1")
	c.Want("1 1 1")

	s.Write(events, "<?php\n"+authenticate+ofVersion("2"))
	backdate()
	checks := s.Log.Count("application described")
	c.Send("2")
	c.Want("2 2 1")
	kill(s) // the next one has the old code from opcache, and sees new files
	another(s, before)
	c.Send("3")
	if got := c.Receive(); !strings.HasSuffix(got, " 1") {
		t.Errorf("before a reload: got %q, want version 1", got)
	}
	s.Log.Wait("was changed after opcache began to keep files", events)
	harness.Eventually(t, "the new files are described", func() bool { return s.Log.Count("application described") > checks })
	if s.Log.Count("application described", `"certain":true`) != 1 || s.Log.Count(hasEnded, "code has changed") != 0 {
		t.Errorf("wsbridge takes the files for what runs:\n%s", s.Log.Text())
	}

	awaitNextSecond(t, s.Path(events))
	old := fpm.Workers()
	if err := fpm.Reload(); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, "a worker of the php-fpm that begins anew runs events", func() bool { // the spare does until then
		now := fpm.Workers()
		return slices.Contains(now, worker(s)) && !slices.ContainsFunc(old, func(pid int) bool { return slices.Contains(now, pid) })
	})
	c.Send("4")
	if got := c.Receive(); !strings.HasSuffix(got, " 2") {
		t.Errorf("after a reload: got %q, want version 2", got)
	}
	harness.Eventually(t, "the code is certain again", func() bool {
		return s.Log.Count("application described", `"certain":true`) == 2
	})
}

// awaitNextSecond returns when the second has passed in which the file was changed last: opcache counts whole ones.
func awaitNextSecond(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := info.Sys().(*syscall.Stat_t).Ctim.Sec
	harness.Eventually(t, "another second", func() bool { return time.Now().Unix() > changed })
}
