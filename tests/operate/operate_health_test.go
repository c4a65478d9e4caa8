package operate

import (
	"bytes"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestHealthWaitsForAServerThatStarts(t *testing.T) {
	t.Parallel()
	a := harness.App{Handlers: lounge, TOML: "[php]\nworkers = 1\n"}
	s := harness.Prepare(t, a)
	var out bytes.Buffer
	bySocket, byFile := commandLine(s, "health", "--wait", "2m"), commandLine(s, "health", "--wait", "2m", "--config", s.Path("wsbridge.toml"))
	byFile.Env = append(byFile.Env, "RUNTIME_DIRECTORY="+s.Path(""))
	bySocket.Stdout, bySocket.Stderr = &out, &out
	if err := bySocket.Start(); err != nil {
		t.Fatal(err)
	}
	s.Start(s.Arguments(a)...)
	if said, status := harness.Finish(t, byFile); status != 0 {
		t.Errorf("by its configuration: exit status %d: %s", status, said)
	}
	if err := bySocket.Wait(); err != nil || out.String() != "ready\n" {
		t.Errorf("by its socket: %v: %s", err, out.String())
	}
	s.AwaitListening()
}

func TestHealthGivesUpOnAServerThatDoesNotStart(t *testing.T) {
	t.Parallel()
	s := harness.Prepare(t, harness.App{Handlers: lounge})
	if out, status := operate(s, "health", "--wait", "300ms"); status != 1 || !strings.Contains(out, "is wsbridge running") {
		t.Errorf("exit status %d: %s", status, out)
	}
	s, address := operated(t, "token_file = \"DIR/token\"\n")
	if out, status := operate(s, "pause", "--control", address, "--token-file", s.Path("token")); status != 0 {
		t.Fatalf("exit status %d: %s", status, out)
	}
	if out, status := operate(s, "health", "--wait", "300ms", "--control", address); status != 1 || !strings.Contains(out, "paused") {
		t.Errorf("a paused server: exit status %d: %s", status, out)
	}
}
