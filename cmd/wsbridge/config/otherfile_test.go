package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheApplicationsFilesAreNoTOML(t *testing.T) {
	const (
		settings = ": this looks like the legacy settings file: name it with --settings instead of --config"
		php      = ":1: this is PHP code: --config wants a TOML file, and --settings"
	)
	for text, want := range map[string]string{
		"DB_HOST=localhost\nWEBSOCKET_LISTENING_ADDRESS=localhost\n": ":2: WEBSOCKET_LISTENING_ADDRESS" + settings,
		"# shared\r\n\r\n\tWEBSOCKET_ENABLE = 1\r\n":                 ":3: WEBSOCKET_ENABLE" + settings, // which TOML would understand
		"<?php\ndefine('WEBSOCKET_ENABLE',1);\n":                     php,
		"\uFEFF\n<?php\nreturn [];\n":                                php,
		"[server]\nWEBSOCKET_ENABLE=1\n":                             ":2: server.WEBSOCKET_ENABLE: unknown key",
		"WEBSOCKET_ENABLE=1\nserver.listen = ':0'\n":                 ":1: WEBSOCKET_ENABLE: unknown key",
		"# WEBSOCKET_ENABLE=1\nlisten = localhost:1\n":               `: quote it: listen = "localhost:1"`,
	} {
		path := filepath.Join(t.TempDir(), "any")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(Sources{Config: path})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
		if _, mistakes, err := LoadControl(path); err != nil || !strings.Contains(strings.Join(mistakes, "\n"), want) {
			t.Errorf("%q: control: got %q, %v", text, mistakes, err)
		}
	}
}
