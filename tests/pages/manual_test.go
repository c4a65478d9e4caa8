package pages

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// The manual that packages bring.
func TestManualHasEveryCommandAndKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program := filepath.Join(dir, "manual")
	for _, args := range [][]string{
		{"go", "build", "-tags", "manual", "-o", program, "../../cmd/wsbridge"},
		{program, "manual", "--config", "../../deploy/wsbridge.toml", dir},
	} {
		cmd := harness.Command(t, harness.BuildPatience, args[0], args[1:]...) // its time begins here
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", cmd, err, out)
		}
	}
	for _, command := range []string{"wsbridge", "wsbridge-serve", "wsbridge-check", "wsbridge-completion-bash"} {
		if page := render(t, filepath.Join(dir, "man1", command+".1")); !strings.Contains(page, "SYNOPSIS") {
			t.Errorf("%s: got\n%s", command, page)
		}
	}
	page := render(t, filepath.Join(dir, "man5", "wsbridge.toml.5"))
	annotated, err := os.ReadFile("../../deploy/wsbridge.toml")
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile(`(?m)^[a-z_]+ = .*$`).FindAllString(string(annotated), -1)
	if len(lines) < 40 {
		t.Fatalf("found %d keys", len(lines))
	}
	for _, line := range lines {
		if !strings.Contains(page, line) {
			t.Errorf("the page of the configuration has no %s", line)
		}
	}
}

// render returns a page as man shows it, whose warnings fail the test. Without man, it returns the page's source.
func render(t *testing.T, path string) string {
	t.Helper()
	if _, err := exec.LookPath("man"); err != nil {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(string(text), `\-`, "-")
	}
	var warnings strings.Builder
	cmd := harness.Command(t, harness.Patience, "man", "--warnings", "--local-file", path)
	cmd.Env = append(os.Environ(), "MANWIDTH=200", "LC_ALL=C.UTF-8", "MANROFFOPT=-rHY=0")
	cmd.Stderr = &warnings
	out, err := cmd.Output()
	if err != nil || warnings.Len() > 0 {
		t.Errorf("%s: %v\n%s", path, err, warnings.String())
	}
	return string(out)
}
