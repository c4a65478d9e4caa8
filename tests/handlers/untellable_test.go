package handlers

import (
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// A php.ini that disables what even a failure needs keeps the server from starting, and is named.
func TestWhatAFailureNeedsIsNamed(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"explode", "json_encode", "ob_end_clean", "ob_get_level", "preg_match", "strlen"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := harness.App{Handlers: harness.Echo, TOML: "[php.ini]\ndisable_functions = \"exec," + name + "\"\n"}
			s := harness.Prepare(t, a)
			s.Start(s.Arguments(a)...)
			if status := s.Wait(); status != 1 {
				t.Errorf("exit status %d", status)
			}
			s.WantError(name+"() is disabled (disable_functions in php.ini)", "wsbridge")
		})
	}
}
