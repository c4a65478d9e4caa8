package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
)

const goodSettings = "config/testdata/settings/good.conf"

// readySettings writes goodSettings with an events file that is there.
func readySettings(t *testing.T) (path string) {
	t.Helper()
	text, err := os.ReadFile(goodSettings)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	events := filepath.Join(dir, "push_server_events.php")
	path = filepath.Join(dir, "good.conf")
	text = bytes.ReplaceAll(text, []byte("/srv/shop/inc/push_server_events.php"), []byte(events))
	if err := errors.Join(os.WriteFile(path, text, 0o600), os.WriteFile(events, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestConfigPrintsWhatCanBeServed(t *testing.T) {
	settings := readySettings(t)
	got := runBinary(t, "config", "--settings", settings, "--print")
	if got.code != exitOK || got.stderr != "" {
		t.Fatalf("got %+v", got)
	}
	for _, want := range []string{
		"[server]\nlisten = \"localhost:50000\"  # " + settings + ":4 WEBSOCKET_LISTENING_PORT (restart)\n",
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
	got := runBinary(t, "config", "--settings", readySettings(t), "--changed", "--json")
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
	args := []string{"init", "--settings", readySettings(t), "--output", path}
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

// What a start would fail with is told all at once, and what was asked for is printed all the same.
func TestConfigFindsWhatAStartWouldFailWith(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "wsbridge.toml")
	for text, want := range map[string][]string{
		"php.user = \"nobody-has-this-name\"\nphp.fpm = \"php-fpm0.1\"\nphp.events_file = \"away.php\"\n": {
			`php.fpm = "php-fpm0.1": no php-fpm found: none of php-fpm0.1 in PATH`,
			`php.user = "nobody-has-this-name", php.group = "": find the workers' user: user: unknown user nobody-has-this-name`,
			"php.events_file: stat " + dir + "/away.php: no such file or directory",
		},
		"php.group = \"nobody-has-this-name\"\nphp.events_file = \"wsbridge.toml\"\n": {
			`php.user = "", php.group = "nobody-has-this-name": find the workers' group: group: unknown group nobody-has-this-name`,
		},
		"php.fastcgi = \"unix:" + dir + "/none.sock\"\nphp.events_file = \"away.php\"\n": {
			"php.fastcgi: stat " + dir + "/none.sock: no such file or directory",
		},
		"php.fastcgi = \"tcp:127.0.0.1:1\"\nphp.events_file = \"away.php\"\n": nil, // asks nobody
		"php.events_file = \"wsbridge.toml\"\n":                               nil,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got := runBinary(t, "config", "--config", path, "--print")
		if (got.code == exitOK) != (want == nil) || strings.Count(got.stderr, "\n") != len(want) {
			t.Errorf("%s: got code %d, %s", text, got.code, got.stderr)
		}
		for _, problem := range want {
			if !strings.Contains(got.stderr, problem) {
				t.Errorf("%s: no %q in: %s", text, problem, got.stderr)
			}
		}
		if !strings.Contains(got.stdout, "events_file = ") {
			t.Errorf("%s: printed %q", text, got.stdout)
		}
	}
}
