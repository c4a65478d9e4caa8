package harness

import (
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness/selectloop"
)

// ServeInOneProcess prepares an application and runs it in one PHP process, as the legacy server did. A turn of its loop
// waits up to poll; if that is 0, the settings decide. What belongs to wsbridge alone is not there: its configuration, its
// control API, its log lines.
func ServeInOneProcess(tb testing.TB, a App, poll time.Duration) *Server {
	tb.Helper()
	s := Prepare(tb, a)
	s.RunInOneProcess(poll)
	return s
}

// RunInOneProcess is ServeInOneProcess for an application that is prepared.
func (s *Server) RunInOneProcess(poll time.Duration) {
	s.T.Helper()
	cmd, err := selectloop.Command(s.Dir, s.Path("server_shared.conf"), poll)
	if err != nil {
		s.T.Fatal(err)
	}
	s.Launch(cmd)
	s.AwaitListening()
}
