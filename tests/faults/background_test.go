package faults

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// A process that a handler leaves in the background has inherited php-fpm's connection, and keeps it open when the worker has ended.
func TestABackgroundJobDoesNotKeepAnEndedWorkersConnection(t *testing.T) {
	for _, mode := range []string{harness.RequestPerEvent, harness.Resident} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			a := harness.App{TOML: mode + "timeout = \"10s\"\n", Handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	if ($msg=="leave a job") { send_text($client_key,exec("sleep 300 >/dev/null 2>&1 & echo $!")); return; }
	send_text($client_key,"done");
}`}
			s := harness.Prepare(t, a)
			fpm := harness.StartFPMForResidents(t, 2, 5, "30s")
			a.TOML += "resident_fastcgi = \"" + fpm.Residents + "\"\n"
			s.Configure(a.TOML)
			a.Args = []string{"--fastcgi", fpm.Address}
			s.Run(a)
			c := s.Connect()
			job, err := strconv.Atoi(strings.TrimSpace(c.Ask("leave a job")))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = syscall.Kill(job, syscall.SIGKILL) })
			if _, err := os.Stat("/proc/" + strconv.Itoa(job)); err != nil {
				t.Fatal(err)
			}
			workers := fpm.Workers()
			if err := fpm.Reload(); err != nil {
				t.Fatal(err)
			}
			harness.Eventually(t, "the workers end", func() bool { return !slices.ContainsFunc(workers, harness.Running) })
			for range 20 {
				if got := c.Ask("x"); got != "done" {
					t.Fatalf("got %q", got)
				}
			}
			if n := s.Log.Count("event failed"); n > 0 {
				t.Errorf("%d events failed", n)
			}
		})
	}
}
