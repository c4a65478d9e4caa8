package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Commands ask a running server although its file has been edited since, unless that is about where the server is.
func TestAccessIsReadDespiteOtherMistakes(t *testing.T) {
	for name, tt := range map[string]struct {
		toml     string
		listen   Addresses
		mistakes string // a part of the only one
		refused  string // a part of the error
	}{
		"right":               {toml: "[control]\nlisten = \"unix:/c.sock\"\n[php]\nevents_file = \"/e.php\"", listen: Addresses{"unix:/c.sock"}},
		"other key":           {toml: "[control]\nlisten = \"unix:/c.sock\"\n[php]\nevents_file = \"/e.php\"\nworker = 1", listen: Addresses{"unix:/c.sock"}, mistakes: "php.worker: unknown key"},
		"other value":         {toml: "[php]\nevents_file = \"/e.php\"\nworkers = 0", listen: Addresses{AutoAddress}, mistakes: "php.workers = 0"},
		"other section":       {toml: "[serv]\nlisten = 1\n[php]\nevents_file = \"/e.php\"", listen: Addresses{AutoAddress}, mistakes: "serv: unknown key: did you mean [server]?"},
		"nothing required":    {toml: "[control]\nlisten = \"unix:/c.sock\"", listen: Addresses{"unix:/c.sock"}, mistakes: "php.events_file is missing"},
		"settings not there":  {toml: "[legacy]\nsettings = \"none.conf\"\n[control]\nlisten = \"unix:/c.sock\"", listen: Addresses{"unix:/c.sock"}, mistakes: "none.conf"},
		"no TOML":             {toml: "[server]\nlisten = 127.0.0.1:1", listen: Addresses{AutoAddress}, mistakes: `quote it: listen = "127.0.0.1:1"`},
		"its value":           {toml: "[php]\nevents_file = \"/e.php\"\n[control]\nlisten = \"c.sock\"", refused: `control.listen = "c.sock"`},
		"its type":            {toml: "[php]\nevents_file = \"/e.php\"\n[control]\nlisten = 5", refused: "control.listen = 5"},
		"its key":             {toml: "[php]\nevents_file = \"/e.php\"\n[control]\nlisden = \"unix:/c.sock\"", refused: "control.lisden: unknown key"},
		"its section":         {toml: "[php]\nevents_file = \"/e.php\"\n[contrl]\nlisten = \"unix:/c.sock\"", refused: "contrl: unknown key: did you mean [control]?"},
		"its key anywhere":    {toml: "listen = \"unix:/c.sock\"\n[php]\nevents_file = \"/e.php\"", refused: "listen: unknown key"},
		"no section":          {toml: "control = 5\n[php]\nevents_file = \"/e.php\"", refused: "control: want a table"},
		"its value and other": {toml: "[php]\nworkers = 0\n[control]\nlisten = \"c.sock\"", refused: "3 problems"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "wsbridge.toml")
			if err := os.WriteFile(path, []byte(tt.toml+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			access, mistakes, err := LoadControl(path)
			if tt.refused != "" {
				if err == nil || !strings.Contains(err.Error(), tt.refused) {
					t.Errorf("got %v, %q", err, mistakes)
				}
				return
			}
			if err != nil || !slices.Equal(access.Listen, tt.listen) {
				t.Errorf("got %q, %v", access.Listen, err)
			}
			if want := min(len(tt.mistakes), 1); len(mistakes) != want || !strings.Contains(strings.Join(mistakes, ""), tt.mistakes) {
				t.Errorf("got the mistakes %q", mistakes)
			}
		})
	}
	if _, _, err := LoadControl(filepath.Join(t.TempDir(), "none.toml")); err == nil {
		t.Error("a file that is not there: no error")
	}
}

func TestPathsOfAccessStartAtItsFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "wsbridge.toml")
	text := "[control]\ntoken_file = \"token\"\ntokens = { ops = { role = \"read\", file = \"ops.token\" } }\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	access, mistakes, err := LoadControl(path)
	if err != nil || len(mistakes) != 1 || access.TokenFile != filepath.Join(dir, "token") || access.Tokens["ops"].File != filepath.Join(dir, "ops.token") {
		t.Errorf("got %+v, %q, %v", access, mistakes, err)
	}
}
