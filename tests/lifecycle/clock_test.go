package lifecycle

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/fastcgi/phpfpm"
	"github.com/wsbridge/wsbridge/tests/harness"
)

// slowClock makes the clock of the process that loads it an hour slow.
const slowClock = `
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *t) {
	int failed = syscall(SYS_clock_gettime, id, t);
	if (!failed && id == CLOCK_REALTIME) t->tv_sec -= 3600;
	return failed;
}
time_t time(time_t *to) {
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	if (to) *to = t.tv_sec;
	return t.tv_sec;
}
int gettimeofday(struct timeval *to, void *zone) {
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	to->tv_sec = t.tv_sec;
	to->tv_usec = t.tv_nsec / 1000;
	return 0;
}`

// slowPHP returns a php-fpm whose clock is behind the times of files, as where these are on a file server.
func slowPHP(t *testing.T) string {
	t.Helper()
	dir := harness.PublicDir(t)
	library, script := filepath.Join(dir, "clock.so"), filepath.Join(dir, "php-fpm")
	cc := exec.Command("cc", "-shared", "-fPIC", "-x", "c", "-o", library, "-")
	cc.Stdin = strings.NewReader(slowClock)
	if out, err := cc.CombinedOutput(); err != nil {
		t.Skipf("no C compiler: %v: %s", err, out)
	}
	binary, err := phpfpm.Find("")
	if err != nil {
		t.Fatal(err)
	}
	text := "#!/bin/sh\nLD_PRELOAD=" + library + " exec " + binary + " \"$@\"\n"
	if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return script
}

func TestCodeAheadOfPHPsClockRunsAsItShould(t *testing.T) {
	for _, mode := range []string{harness.Resident, harness.RequestPerEvent} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			answer := func(what string) string {
				return `
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,"` + what + `"); }
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { return True; }`
			}
			s := harness.Serve(t, harness.App{Handlers: answer("old"), TOML: mode + "fpm = \"" + slowPHP(t) + "\"\n"})
			c := s.Connect()
			if got := c.Ask("x"); got != "old" {
				t.Errorf("got %q", got)
			}
			s.Log.Wait("s after now by PHP's clock", `"level":"WARN"`)
			const certain = "application is certain, although its times are ahead of PHP's clock"
			s.Log.Wait(certain)
			isCertain := func() bool {
				status, err := s.Control().Status(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				text, err := json.Marshal(status)
				if err != nil || !strings.Contains(string(text), `"name":"text"`) {
					t.Fatalf("%v, %s", err, text)
				}
				return !strings.Contains(string(text), "its code has just changed")
			}
			harness.Eventually(t, "the status knows", isCertain)
			s.Write("push_server_events.php", "<?php\n"+answer("new code"))
			harness.Eventually(t, "the new code runs", func() bool { return c.Ask("x") == "new code" })
			harness.Eventually(t, "it is certain", func() bool { return s.Log.Count(certain) == 2 })
		})
	}
}
