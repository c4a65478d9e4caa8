package lifecycle

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// An operator gives php-fpm's pool another size. wsbridge asked for it when it started.
func TestConnectionsFollowTheSizeOfPHPFPMsPool(t *testing.T) {
	t.Parallel()
	fpm := harness.StartFPMForResidents(t, 3, 6, "30s", "pm.status_path = /status\n")
	s := harness.Serve(t, harness.App{TOML: fpm.Config() + "php.status_path = \"/status\"\n", Handlers: harness.Echo})
	c := s.Connect()
	limit := func() float64 { return harness.Metric(t, s.Metrics(), "wsbridge_fpm_connections_limit") }
	if got := limit(); got != 2 {
		t.Errorf("%v connections to 3 workers, of which one is spared", got)
	}
	fpm.Resize(6)
	harness.Eventually(t, "there may be 5 connections", func() bool { return limit() == 5 })
	if got := c.Ask("x"); got != "x" {
		t.Errorf("got %s", got)
	}
}

// An operator changes the limit of open files of a running server. It counts as it was at the start otherwise.
func TestClientsFollowTheLimitOfOpenFiles(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Echo})
	c := s.Connect()
	limit := func() float64 { return harness.Metric(t, s.Metrics(), "wsbridge_connections_limit") }
	before := limit()
	var files unix.Rlimit
	if err := unix.Prlimit(s.PID(), unix.RLIMIT_NOFILE, nil, &files); err != nil {
		t.Fatal(err)
	}
	for _, fewer := range []uint64{100, 50} { // and then more again
		if err := unix.Prlimit(s.PID(), unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: files.Cur - fewer, Max: files.Max}, nil); err != nil {
			t.Fatal(err)
		}
		harness.Eventually(t, "there may be another number of clients", func() bool { return limit() == before-float64(fewer) })
	}
	if got := c.Ask("x"); got != "x" {
		t.Errorf("got %s", got)
	}
}
