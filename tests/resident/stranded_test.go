package resident

import (
	"os"
	"os/user"
	"strconv"
	"syscall"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// nobody is an account without any rights, by number.
const nobody = 65534

// wsbridge must not kill another user's processes. php-fpm's own user may.
func TestWorkerOfAnotherUserIsKilled(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("it takes root to be two users")
	}
	site, err := user.Lookup("www-data")
	if err != nil {
		t.Fatal(err)
	}
	group, err := strconv.ParseUint(site.Gid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	a := harness.App{Handlers: harness.Eval}
	a.TOML = harness.StartFPMForResidents(t, 3, 5, "30s").Config() + "php.timeout = \"1s\"\n"
	s := harness.Prepare(t, a)
	s.Owner = &syscall.Credential{Uid: nobody, Gid: uint32(group)}
	s.Run(a)
	c := s.Connect()
	before := processOf(c)
	c.Send(`send_text($client_key,"looping"); while (True) {}`)
	c.Want("looping")
	s.Log.Wait("event failed", "in time")
	another(s, before)
	evaluate(c, `return "still here";`, "still here")
	s.Log.Wait("resident worker was killed by php-fpm")
	harness.Eventually(t, "the process ends", func() bool { return !harness.Running(before) })
}

// A worker that cannot connect says so.
func TestRunDirThatWorkersCannotEnter(t *testing.T) {
	t.Parallel()
	a := harness.App{Handlers: harness.Eval, TOML: harness.StartFPMForResidents(t, 3, 5, "30s").Config()}
	s := harness.Prepare(t, a)
	s.Run(a)
	c := s.Connect()
	if err := os.Chmod(workersSocket(s), 0); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(processOf(c), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.Log.Wait("", "cannot connect", "Permission denied")
}
