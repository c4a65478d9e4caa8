package tests

import (
	"fmt"
	"testing"
)

// modes are the isolation modes in which an application cannot tell that it is not alone.
var modes = []string{"auto", "serial"}

// inEachMode runs a test of a handler file in every mode that must not change what it sees.
func inEachMode(t *testing.T, a app, test func(t *testing.T, s *server)) {
	t.Parallel()
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			a := a
			a.toml += fmt.Sprintf("[isolation]\nmode = %q\n", mode)
			test(t, serve(t, a))
		})
	}
}
