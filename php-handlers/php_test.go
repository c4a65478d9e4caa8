package phphandlers

import (
	"os"
	"os/exec"
	"strconv"
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

// phpVersion returns PHP_VERSION_ID, such as 80200.
func phpVersion(t testing.TB) int {
	t.Helper()
	version, err := strconv.Atoi(runPHP(t, "-r", "echo PHP_VERSION_ID;"))
	if err != nil {
		t.Fatal(err)
	}
	return version
}

// needsVersion skips a test where PHP is older than a version, and says why it is.
func needsVersion(t *testing.T, version int, why string) {
	t.Helper()
	if phpVersion(t) < version {
		t.Skip(why)
	}
}
