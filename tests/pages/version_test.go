package pages

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// head returns the commit of this checkout, as "wsbridge version" writes it.
func head(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "git", "rev-parse", "--short=12", "HEAD").Output()
	if err != nil {
		t.Skipf("this is no checkout: %v", err)
	}
	return strings.TrimSpace(string(out))
}

func TestBuildTellsVersionAndCommit(t *testing.T) {
	t.Parallel()
	commit := head(t)
	build := harness.Command(t, harness.BuildPatience, "make", "-C", "../..", "build")
	build.Env = append(os.Environ(), "VERSION=1.2.3")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, status := harness.Finish(t, harness.Command(t, harness.Patience, "../../bin/wsbridge", "version"))
	if status != 0 || !strings.HasPrefix(out, "wsbridge 1.2.3 "+commit) {
		t.Errorf("exit status %d: got %q, want version 1.2.3 and commit %s", status, out, commit)
	}
}

// An image is made of files that name the commit, without git and its objects.
func TestCommitIsReadWithoutGit(t *testing.T) {
	t.Parallel()
	const commit = "0123456789abcdef0123456789abcdef01234567"
	for name, files := range map[string]map[string]string{
		"branch":        {"HEAD": "ref: refs/heads/a/b\n", "refs/heads/a/b": commit + "\n"},
		"packed branch": {"HEAD": "ref: refs/heads/main\n", "packed-refs": "# pack-refs\n" + strings.Repeat("f", 40) + " refs/heads/main2\n" + commit + " refs/heads/main\n"},
		"no branch":     {"HEAD": commit + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			files["../deploy/version"] = readFile(t, "../../deploy/version")
			for path, text := range files {
				path = filepath.Join(dir, ".git", path)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			out, err := harness.Command(t, harness.Patience, "sh", filepath.Join(dir, "deploy/version")).CombinedOutput()
			if err != nil || string(out) != "0.0.0 "+commit[:12]+"\n" {
				t.Errorf("got %q, %v", out, err)
			}
		})
	}
}
