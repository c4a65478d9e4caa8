package phphandlers

import (
	"os"
	"os/exec"
	"testing"
)

// runPHP runs PHP's command line and returns its output.
func runPHP(t testing.TB, args ...string) string {
	t.Helper()
	out, err := exec.Command(phpBinary(t), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("php %v: %v: %s", args, err, out)
	}
	return string(out)
}

func readIfThere(path string) (string, error) {
	b, err := os.ReadFile(path)
	return string(b), err
}
