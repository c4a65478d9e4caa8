package state

import (
	"fmt"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// inEachMode runs a test in each mode that must not change what handlers see.
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
