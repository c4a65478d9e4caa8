package lifecycle

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// What systemd says of the units in deploy/systemd.

// units copies the units, with the path of the program under test, and returns their folder.
func units(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("there is no systemd-analyze (Debian: apt-get install systemd)")
	}
	files, err := filepath.Glob("../../deploy/systemd/*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no units: %v", err)
	}
	dir := t.TempDir()
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		unit := strings.ReplaceAll(string(text), "/usr/bin/wsbridge", harness.Program())
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(file)), []byte(unit), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestUnitsAreWhatSystemdUnderstands(t *testing.T) {
	t.Parallel()
	dir := units(t)
	all, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	verify := exec.Command("systemd-analyze", append([]string{"verify", "--man=no"}, all...)...)
	if out, err := verify.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// systemd's scale goes from 0, a service that may do nothing, to 10. The thresholds leave a tenth or two.
func TestUnitsAreLocked(t *testing.T) {
	t.Parallel()
	dir := units(t)
	for unit, tenths := range map[string]string{"wsbridge.service": "17", "wsbridge@.service": "25"} {
		out, err := exec.Command("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold="+tenths,
			filepath.Join(dir, unit)).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", unit, err, out)
		}
	}
}
