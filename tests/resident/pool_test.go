package resident

import (
	"fmt"
	"syscall"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

const noWorker = "there is no resident worker"

// A pool that is missing or full costs what a process keeps, and no event.
func TestPoolIsMissing(t *testing.T) {
	t.Parallel()
	fpm, pool := harness.StartFPM(t, 3), harness.StartFPMForResidents(t, 1, 4, "30s")
	pool.Stop()
	s := harness.Serve(t, harness.App{Handlers: ofVersion("1"), TOML: fpm.Config() + fmt.Sprintf("php.resident_fastcgi = %q\n", pool.Residents)})
	load := startTraffic(s, 4)
	said := 0
	for range 2 {
		said++
		harness.Eventually(t, "it is said that there is no worker", func() bool { return s.Log.Count(noWorker, `"level":"ERROR"`) == said })
		load.flow(window)
		began := s.Log.Count(running)
		pool.Start()
		harness.Eventually(t, "a worker runs events", func() bool { return s.Log.Count(running) > began })
		load.flow(window)
		pool.Stop()
	}
	pool.Start()
	load.end(2) // pool.Stop ends workers at once
	if n := s.Log.Count("client left"); n != 0 {
		t.Errorf("%d clients have left", n)
	}
}

func TestPoolIsTakenByOthers(t *testing.T) {
	t.Parallel()
	fpm := harness.StartFPMForResidents(t, 3, 1, "30s")
	a := harness.App{Handlers: ofVersion("1"), TOML: fpm.Config()}
	first := harness.Serve(t, a)
	worker(first)
	second := harness.Serve(t, a)
	second.Log.Wait(noWorker, "no free process")
	load := startTraffic(second, 4)
	if status := first.Stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	worker(second)
	load.flow(window)
	load.end(0)
}

func TestPoolOfOneProcess(t *testing.T) {
	t.Parallel()
	s, _ := serveAtFPM(t, ofVersion("1"), 1, "30s", "")
	before := worker(s)
	load := startTraffic(s, 4)
	s.Log.Wait("spare resident worker cannot be booted", "no free process")
	s.Write(events, "<?php\n"+authenticate+ofVersion("2"))
	before = another(s, before)
	load.flow(window)
	if err := syscall.Kill(before, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	another(s, before)
	load.flow(window)
	load.end(1)
	load.wantVersions("1", "2")
	if n := s.Log.Count("spare resident worker cannot be booted"); n > 1 {
		t.Errorf("%d lines tell that there is no spare", n)
	}
}

func TestReloadWhileThereIsNoWorker(t *testing.T) {
	t.Parallel()
	fpm := harness.StartFPM(t, 3)
	toml := fpm.Config() + fmt.Sprintf("php.resident_fastcgi = \"unix:%s/nowhere.sock\"\n", t.TempDir())
	s := harness.Serve(t, harness.App{Handlers: ofVersion("1"), TOML: toml})
	load := startTraffic(s, 4)
	pool := harness.StartFPMForResidents(t, 1, 4, "30s")
	for i := range 2 {
		s.Configure(fmt.Sprintf("%sphp.timeout = \"%ds\"\n", toml, 20+i))
		s.Reload("configuration reloaded")
		load.flow(window)
	}
	s.Configure(fpm.Config() + fmt.Sprintf("php.resident_fastcgi = %q\n", pool.Residents))
	s.Reload("configuration reloaded")
	worker(s)
	load.flow(window)
	load.end(0)
}
