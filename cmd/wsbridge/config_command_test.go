package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
)

const goodSettings = "config/testdata/settings/good.conf"

func TestConfigPrintsWhatCanBeServed(t *testing.T) {
	got := runBinary(t, "config", "--settings", goodSettings, "--print")
	if got.code != exitOK || got.stderr != "" {
		t.Fatalf("got %+v", got)
	}
	for _, want := range []string{
		"[server]\nlisten = \"localhost:50000\"  # config/testdata/settings/good.conf:4 WEBSOCKET_LISTENING_PORT (restart)\n",
		"max_message = \"16MiB\"  # default (new clients)\n",
	} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("no %q in:\n%s", want, got.stdout)
		}
	}
	path := filepath.Join(t.TempDir(), "wsbridge.toml")
	if err := os.WriteFile(path, []byte(got.stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	if again := runBinary(t, "config", "--config", path); again != (result{}) {
		t.Errorf("what was printed is no configuration: %+v", again)
	}
}

func TestConfigPrintsOnlyWhatIsChanged(t *testing.T) {
	got := runBinary(t, "config", "--settings", goodSettings, "--changed", "--json")
	var entries []config.Entry
	if err := json.Unmarshal([]byte(got.stdout), &entries); err != nil || got.code != exitOK {
		t.Fatalf("got %+v, %v", got, err)
	}
	keys := map[string]bool{}
	for _, e := range entries {
		keys[e.Key] = true
		if e.Usual {
			t.Errorf("%s is the default", e.Key)
		}
	}
	if !keys["pipe.path"] || keys["server.queue_wait"] {
		t.Errorf("got %v", keys)
	}
}

func TestInitWritesAFileOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "wsbridge.toml")
	args := []string{"init", "--settings", goodSettings, "--output", path}
	if got := runBinary(t, args...); got.code != exitOK || !strings.Contains(got.stdout, path+" is written") {
		t.Fatalf("got %+v", got)
	}
	if got := runBinary(t, "config", "--config", path); got != (result{}) {
		t.Errorf("got %+v", got)
	}
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := runBinary(t, args...); got.code != exitUsage || !strings.Contains(got.stderr, "--force") {
		t.Errorf("got %+v", got)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "precious" {
		t.Errorf("got %q, %v", text, err)
	}
	if got := runBinary(t, append(args, "--force")...); got.code != exitOK {
		t.Errorf("got %+v", got)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("got %v, %v", left, err)
	}
}

func TestInitAndConfigPrintAgree(t *testing.T) {
	path := filepath.Join(t.TempDir(), "wsbridge.toml")
	if got := runBinary(t, "init", "--settings", goodSettings, "--output", path); got.code != exitOK {
		t.Fatalf("got %+v", got)
	}
	values := func(args ...string) map[string]any {
		var entries []config.Entry
		if err := json.Unmarshal([]byte(runBinary(t, append(args, "--json")...).stdout), &entries); err != nil {
			t.Fatal(err)
		}
		byKey := map[string]any{}
		for _, e := range entries {
			byKey[e.Key] = e.Value
		}
		return byKey
	}
	got, want := values("config", "--config", path), values("config", "--settings", goodSettings)
	for key, value := range want {
		g, _ := json.Marshal(got[key])
		w, _ := json.Marshal(value)
		if string(g) != string(w) {
			t.Errorf("%s: got %s, want %s", key, g, w)
		}
	}
}
