package faults

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// While no file can be written, as with a full disk, handlers cannot be told who is there. They are afterwards, also if nobody comes or goes.
func TestHandlersAreToldWhoIsThereAfterAFailedWrite(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg) { usleep(20000); send_text($client_key,$msg); }`})
	limit := func(bytes uint64) {
		var now unix.Rlimit
		if err := unix.Prlimit(s.PID(), unix.RLIMIT_FSIZE, nil, &now); err != nil {
			t.Fatal(err)
		}
		now.Cur = bytes
		if err := unix.Prlimit(s.PID(), unix.RLIMIT_FSIZE, &now, nil); err != nil {
			t.Fatal(err)
		}
	}
	limit(0)
	c := s.Connect()
	s.Log.Wait("handlers are not told who has left")
	c.Send("lost")
	s.Log.Wait("has left while the handler was running")
	limit(unix.RLIM_INFINITY)
	s.Log.Wait("handlers are told again who has left")
	if got := c.Ask("x"); got != "x" {
		t.Errorf("got %s", got)
	}
}
