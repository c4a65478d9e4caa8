package resident

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
)

const (
	running  = "resident worker runs events"
	hasEnded = "resident worker has ended"
)

// worker returns the process of the worker that has begun to run events last.
func worker(s *harness.Server) int {
	s.T.Helper()
	s.Log.Wait(running)
	return int(s.Log.Last(running)["pid"].(float64))
}

// another waits until another worker than the one of that process runs events, and returns its process.
func another(s *harness.Server, than int) (pid int) {
	s.T.Helper()
	harness.Eventually(s.T, fmt.Sprintf("another worker than %d runs events", than), func() bool { pid = worker(s); return pid != than })
	return pid
}

// serveEval serves Eval in a resident worker, with further configuration, and connects a client.
func serveEval(tb testing.TB, more, toml string) (*harness.Server, *harness.Client) {
	tb.Helper()
	s := harness.Serve(tb, harness.App{Handlers: harness.Eval + more, TOML: toml})
	worker(s)
	return s, s.Connect()
}

// evaluate runs PHP in the handler of a client and wants an answer, as text.
func evaluate(c *harness.Client, php, want string) {
	c.T.Helper()
	c.Send(php)
	c.Want(want)
}

// processOf returns the process that runs a client's events.
func processOf(c *harness.Client) int {
	c.T.Helper()
	pid, err := strconv.Atoi(c.Ask(`return (string) getmypid();`))
	if err != nil {
		c.T.Fatal(err)
	}
	return pid
}

// newSession returns a session id that no other run of the tests has used.
func newSession(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf("%x", sha256.Sum256(fmt.Appendf(nil, "%s %d", t.Name(), time.Now().UnixNano())))[:32]
}
