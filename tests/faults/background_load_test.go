package faults

import (
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// Programs in the background have the connections of workers that a reload ends. What such a worker has not read runs in the next one: at most the
// event that it has read fails, and that of a request while there is no worker.
func TestBackgroundJobsAndReloadsUnderLoad(t *testing.T) {
	for controlTimeout, most := range map[string]int{"0": 2, "30s": 0} { // failures in a reload
		t.Run(controlTimeout, func(t *testing.T) {
			t.Parallel()
			reloadWithJobs(t, controlTimeout, most)
		})
	}
}

func reloadWithJobs(t *testing.T, controlTimeout string, most int) {
	dir := harness.PublicDir(t)
	fpm := harness.StartFPMForResidents(t, 2, 5, controlTimeout)
	s := harness.Serve(t, harness.App{
		Handlers: strings.ReplaceAll(journal, "JOURNAL", dir) + `
function ws_server_binary(&$connections,&$connection,$client_key,$data) { send_text($client_key,exec("sleep 300 >/dev/null 2>&1 & echo $!")); }`,
		TOML: fpm.Config() + "php.resident = \"on\"\nphp.timeout = \"0s\"\nphp.on_error = \"continue\"\nisolation.mode = \"serial\"\n",
	})
	c := s.Connect()
	const reloads = 6
	sent, begun, answered := talk(t, s, dir, func() {
		for range reloads {
			c.SendBinary("leave a job")
			job, err := strconv.Atoi(strings.TrimSpace(c.Receive()))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = syscall.Kill(job, syscall.SIGKILL) })
			if err := fpm.Reload(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
	})
	reasons := failed(s)
	t.Logf("%d sent, %d begun, %d answered, failed: %v", sent, begun, answered, reasons)
	if n := reasons["cut_off"]; sent-answered > n || sent-begun > n || n > most*reloads || len(reasons) > 1 {
		t.Errorf("of %d texts, %d have begun and %d were answered, and failed: %v", sent, begun, answered, reasons)
	}
}
