package main

import (
	"os/exec"
	"strings"
	"testing"
)

func TestCompletionScripts(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		got := runBinary(t, "completion", shell)
		if got.code != exitOK || got.stderr != "" || !strings.Contains(got.stdout, "__complete") {
			t.Errorf("%s: got %d, %q, %.200q", shell, got.code, got.stderr, got.stdout)
		}
		path, err := exec.LookPath(shell)
		if err != nil || shell == "fish" { // fish cannot check a script from its input without running it
			continue
		}
		check := exec.Command(path, "-n")
		check.Stdin = strings.NewReader(got.stdout)
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", shell, err, out)
		}
	}
}

func TestCompletionKnowsCommandsAndFlags(t *testing.T) {
	for _, tt := range []struct {
		line []string
		want string
	}{
		{[]string{"se"}, "serve\tRun the server\n"},
		{[]string{"serve", "--fa"}, "--fastcgi"},
	} {
		got := runBinary(t, append([]string{"__complete"}, tt.line...)...)
		if got.code != exitOK || !strings.Contains(got.stdout, tt.want) {
			t.Errorf("%q: got %d, %q", tt.line, got.code, got.stdout)
		}
	}
}
