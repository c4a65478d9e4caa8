package resident

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// serveAtFPM serves handlers at an existing php-fpm that has a pool for residents.
func serveAtFPM(t *testing.T, handlers string, residents int, controlTimeout, toml string) (*harness.Server, *harness.FPM) {
	t.Helper()
	a := harness.App{Handlers: handlers}
	fpm := harness.StartFPMForResidents(t, 3, residents, controlTimeout, looksAtOnceInPool)
	a.TOML = fpm.Config() + toml
	return harness.Serve(t, a), fpm
}

func TestExistingPHPReloads(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		controlTimeout string
		lost           int64
	}{{"0", 2}, {"30s", 0}} {
		t.Run(row.controlTimeout, func(t *testing.T) {
			t.Parallel()
			s, fpm := serveAtFPM(t, ofVersion("1"), 5, row.controlTimeout, "")
			before := worker(s)
			reload := func() {
				t.Helper()
				if err := fpm.Reload(); err != nil {
					t.Fatal(err)
				}
				before = another(s, before)
			}
			reload() // idle
			load := startTraffic(s, 8)
			reload()
			load.flow(window)
			load.end(row.lost)
			if row.lost == 0 && s.Log.Count("failed") > 0 {
				t.Error("an event has failed")
			}
			if n := s.Log.Count("client left"); n > 0 {
				t.Errorf("%d clients have left", n)
			}
		})
	}
}

// php-fpm tells a process to end that has just accepted the request to stay.
func TestPHPReloadsWhileAWorkerBoots(t *testing.T) {
	t.Parallel()
	a := harness.App{Handlers: ofVersion("1")}
	dir := harness.PublicDir(t)
	if err := os.Chmod(dir, 0o777); err != nil { // PHP's user writes into it
		t.Fatal(err)
	}
	before := filepath.Join(dir, "before.php")
	if err := os.WriteFile(before, []byte(`<?php
if (getenv("WSBRIDGE_RESIDENT") && @fopen(__DIR__."/once","x")) posix_kill(getmypid(),3); // SIGQUIT`), 0o644); err != nil {
		t.Fatal(err)
	}
	fpm := harness.StartFPMForResidents(t, 3, 5, "30s", "php_admin_value[auto_prepend_file] = "+before+"\n")
	a.TOML = fpm.Config()
	s := harness.Serve(t, a)
	first := worker(s)
	s.Log.Wait(hasEnded, "php-fpm ends or reloads")
	another(s, first)
}

func TestAnotherPHPTakesOver(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: ofVersion("1"), TOML: "[php]\nmemory_limit = \"300M\"\n"})
	before := worker(s)
	load := startTraffic(s, 8)
	for i := range 3 {
		s.Configure(fmt.Sprintf("[php]\nmemory_limit = \"%dM\"\n", 301+i))
		s.Reload("configuration reloaded")
		before = another(s, before)
		evaluate(s.Connect(), `return ini_get("memory_limit");`, fmt.Sprintf("%dM", 301+i))
		load.flow(window)
	}
	load.end(0)
	if n := s.Log.Count("failed") + s.Log.Count("no resident worker") + s.Log.Count("client left"); n != 0 {
		t.Errorf("%d lines tell of failures", n)
	}
}

func TestResidentsAreTurnedOffAndOn(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: ofVersion("1"), TOML: "php.resident = \"auto\"\n"})
	load := startTraffic(s, 8)
	for range 2 {
		before := worker(s)
		s.Configure("php.resident = \"off\"\n")
		s.Reload("configuration reloaded")
		load.flow(window)
		harness.Eventually(t, "the worker ends", func() bool { return !harness.Running(before) })
		s.Configure("php.resident = \"on\"\n")
		s.Reload("configuration reloaded")
		another(s, before)
		load.flow(window)
	}
	load.end(0)
	if n := s.Log.Count("failed") + s.Log.Count("client left"); n != 0 {
		t.Errorf("%d lines tell of failures", n)
	}
}
