package browsers

import (
	"os/exec"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestTypes(t *testing.T) {
	tsc, err := exec.LookPath("tsc")
	if err != nil {
		t.Fatal("no TypeScript compiler found: run make test")
	}
	cmd := exec.CommandContext(t.Context(), tsc, "--noEmit", "--strict", "--target", "es2022", "--lib", "es2022,dom", "--moduleResolution", "node",
		"testdata/types.ts")
	if out, status := harness.Finish(t, cmd); status != 0 {
		t.Errorf("%s", out)
	}
}
