package handover

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// In a container, everything ends when process 1 does: when that is wsbridge itself, or an init that ends when wsbridge does.
func TestNoUpgradeWhereAllEndsWithTheServer(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can have process ids of its own")
	}
	for name, row := range map[string]struct {
		start string // the shell's line that becomes process 1
		depth int    // of the server below unshare
		part  string
	}{
		"itself":            {`exec "$0" "$@"`, 1, "wsbridge is process 1 here"},
		"an init":           {`exec tini -- "$0" "$@"`, 2, "process 1 has started wsbridge here"},
		"an init that asks": {`NOTIFY_SOCKET=@nobody exec tini -- "$0" "$@"`, 2, "process 1 has started wsbridge here"},
		"a shell":           {`"$0" "$@"; exit $?`, 2, "process 1 has started wsbridge here"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath("tini"); err != nil && strings.Contains(row.start, "tini") {
				t.Skip(err)
			}
			a := harness.App{Handlers: harness.Echo}
			s := harness.Prepare(t, a)
			apart := []string{"--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", row.start, harness.Program()}
			s.Launch(command("unshare", append(apart, s.Arguments(a)...)...))
			s.AwaitListening()
			pid := s.PID()
			for range row.depth {
				pid = harness.Children(pid)[0]
			}
			s.Follow(pid) // unshare takes no signals
			c := s.Connect()
			_, err := s.Control().Upgrade(t.Context(), "")
			if err == nil || !strings.Contains(err.Error(), row.part) || !strings.Contains(err.Error(), "a second container") {
				t.Errorf("got %v", err)
			}
			if n := s.Log.Count("another process is to take over"); n != 0 {
				t.Errorf("%d processes were started", n)
			}
			if got := c.Ask("still here"); got != "still here" {
				t.Error(got)
			}
		})
	}
}
