package harness

import (
	"encoding/json"
	"errors"
	"os/exec"

	"github.com/wsbridge/wsbridge/protocol"
)

// Check returns what wsbridge check finds in an application that is prepared.
func (s *Server) Check(a App) []protocol.Finding {
	s.T.Helper()
	args := s.Arguments(a)
	args[0] = "check"
	out, err := exec.Command(Program(), append(args, "--json")...).Output()
	var report struct{ Findings []protocol.Finding }
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		s.T.Fatal(err)
	}
	if err := json.Unmarshal(out, &report); err != nil {
		s.T.Fatalf("%v in %s", err, out)
	}
	return report.Findings
}
