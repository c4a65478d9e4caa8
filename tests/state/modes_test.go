package state

import (
	"fmt"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// inEachMode runs a test of a handler file in every mode that must not change what it sees.
func inEachMode(t *testing.T, a harness.App, test func(t *testing.T, s *harness.Server)) {
	t.Parallel()
	for _, mode := range harness.Modes() {
		t.Run(mode, func(t *testing.T) {
			a := a
			a.TOML += fmt.Sprintf("[isolation]\nmode = %q\n", mode)
			test(t, harness.Serve(t, a))
		})
	}
}
