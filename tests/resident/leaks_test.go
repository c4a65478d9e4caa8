package resident

import (
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// Each worker has a connection, a request, goroutines and, of its process, a descriptor.
func TestWorkersLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	s, c := serveEval(t, "", harness.Brief)
	kill(s)
	evaluate(c, `return "warm";`, "warm")
	before := s.Settled()
	for range 20 {
		kill(s)
		pid := worker(s)
		c.Send(`exit;`)
		another(s, pid)
		evaluate(c, `return "still here";`, "still here")
	}
	s.Recovers(before)
	workers := harness.Children(s.FPMMaster())
	if status := s.Stop(c); status != 0 {
		t.Errorf("exit status %d", status)
	}
	for _, pid := range workers {
		if harness.Running(pid) {
			t.Errorf("process %d of php-fpm is left", pid)
		}
	}
}
