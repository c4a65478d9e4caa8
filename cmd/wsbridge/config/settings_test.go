package config

import (
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

const required = "WEBSOCKET_LISTENING_ADDRESS=localhost\nWEBSOCKET_LISTENING_PORT=50000\nWEBSOCKET_EVENTS_INCLUDE_FILE=/e.php\n"

func TestSettingsAloneAreAConfiguration(t *testing.T) {
	path, err := filepath.Abs("testdata/settings/good.conf")
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	legacyConfig(&want, path)
	got, err := Load(Sources{Settings: path})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestSettingsLines(t *testing.T) {
	text := "\uFEFFWEBSOCKET_SERVER_HEADER = a=b \r\n\r\n  # DB_HOST=no\nDB_PASSWORD=s3cret\nno equals sign: s3cret\n" +
		"=s3cret\nDB_PASSWORD=s3cret2\nEMPTY=\nWEBSOCKET_CUSTOM=x"
	s := parseSettings("f", []byte(text))
	if v := s.value(settingServerHeader); v != "a=b" {
		t.Errorf("got header %q", v)
	}
	if want := []string{"DB_PASSWORD", "EMPTY", "WEBSOCKET_CUSTOM"}; !slices.Equal(s.Constants, want) {
		t.Errorf("got constants %q, want %q", s.Constants, want)
	}
	want := []string{
		"f:5: not a line of the form KEY=VALUE, ignored",
		"f:6: not a line of the form KEY=VALUE, ignored",
		"f:7: DB_PASSWORD is set in line 4 already, ignored",
	}
	if !slices.Equal(s.Warnings, want) {
		t.Errorf("got warnings %q, want %q", s.Warnings, want)
	}
}

// A key that is not read is a constant of the application, and mostly meant as that.
func TestSettingsThatAreMisspeltAreToldOf(t *testing.T) {
	for line, want := range map[string]string{
		"WEBSOCKET_XHR_PIPE=/x":      "",
		"WEBSOCKET_XHR_PIPEFILE=/x":  "f:4: WEBSOCKET_XHR_PIPEFILE is only a constant of the application: did you mean WEBSOCKET_XHR_PIPE_FILE?",
		"WEBSOCKT_SERVER_HEADER=x":   "f:4: WEBSOCKT_SERVER_HEADER is only a constant of the application: did you mean WEBSOCKET_SERVER_HEADER?",
		"WEBSOCKET_LISTENING_PORT2=": "",
		"WEBSOCKET_URL=/push":        "",
		"LOG_PATH=/x":                "",
	} {
		s := parseSettings("f", []byte(required+line+"\n"))
		if got := strings.Join(s.Warnings, "\n"); got != want {
			t.Errorf("%s: got %q, want %q", line, got, want)
		}
	}
}

func TestBadSettingsAreExplained(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"missing": {
			"WEBSOCKET_LISTENING_PORT=\nDB_PASSWORD=secret\n",
			"FILE: missing or empty: WEBSOCKET_LISTENING_ADDRESS, WEBSOCKET_LISTENING_PORT, WEBSOCKET_EVENTS_INCLUDE_FILE",
		},
		"misspelt": {
			"WEBSOCKET_LISTENING_ADRESS=localhost\nWEBSOCKET_LISTENING_PROT=50000\nwebsocket_events_include_file=/e.php\n",
			"FILE: missing or empty: WEBSOCKET_LISTENING_ADDRESS (line 1 has WEBSOCKET_LISTENING_ADRESS), " +
				"WEBSOCKET_LISTENING_PORT (line 2 has WEBSOCKET_LISTENING_PROT), " +
				"WEBSOCKET_EVENTS_INCLUDE_FILE (line 3 has websocket_events_include_file)",
		},
		"switched off": {
			"WEBSOCKET_ENABLE=0\n" + required,
			`FILE:1: WEBSOCKET_ENABLE = "0": the push server is switched off; 1 switches it on`,
		},
		"enable empty": {
			required + "WEBSOCKET_ENABLE=\n",
			`FILE:4: WEBSOCKET_ENABLE = "": the push server is switched off; 1 switches it on`,
		},
		"port": {
			strings.Replace(required, "50000", "65536", 1),
			`FILE:2: WEBSOCKET_LISTENING_PORT = "65536": want a whole number from 0 to 65535`,
		},
		"address": {
			strings.Replace(required, "localhost", "local host", 1),
			`FILE:2: WEBSOCKET_LISTENING_PORT = "local host:50000": want host:port, such as "127.0.0.1:50000"`,
		},
		"interval": {
			required + "WEBSOCKET_SELECT_TIMEOUT=0.2\n",
			`FILE:4: WEBSOCKET_SELECT_TIMEOUT = "0.2": want a whole number from 0 to 3600000000`,
		},
		"origin": {
			required + "WEBSOCKET_ALLOWED_ORIGINS=https://a.example:443\n",
			`FILE:4: WEBSOCKET_ALLOWED_ORIGINS = "https://a.example:443": want "scheme://host" or "scheme://host:port" in lower case, such as "https://shop.example", or "null", "file://" or "*"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := writeFile(t, "server_shared.conf", tt.text)
			_, err := Load(Sources{Settings: path})
			if err == nil {
				t.Fatal("no error")
			}
			if got := strings.ReplaceAll(err.Error(), path, "FILE"); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestSettingsThatNeedAdjustmentAreNoted(t *testing.T) {
	path := writeFile(t, "server_shared.conf", strings.Replace(required, "localhost", "[::1]", 1)+"WEBSOCKET_SELECT_TIMEOUT=0\n")
	cfg, err := Load(Sources{Settings: path})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Server.Listen != "[::1]:50000" || cfg.Loop.Interval.Std() != leastLoop {
		t.Errorf("got %q, %v", cfg.Server.Listen, cfg.Loop.Interval)
	}
	want := []string{
		path + ":4: WEBSOCKET_SELECT_TIMEOUT = 0: ws_server_loop runs every 10ms, not more often",
		path + ": WEBSOCKET_XHR_PIPE_FILE is missing or empty: there is no pipe",
	}
	if !slices.Equal(cfg.Notes, want) {
		t.Errorf("got notes %q, want %q", cfg.Notes, want)
	}
}

func TestSettingsLargerThanTheLimitAreRefused(t *testing.T) {
	path := writeFile(t, "server_shared.conf", required+strings.Repeat("#", maxConfigFile))
	_, err := readSettings(path)
	if err == nil || err.Error() != "read "+path+": larger than 1MiB" {
		t.Errorf("got %v", err)
	}
}

// Flags win over the TOML file, that over the settings file, that over the defaults.
func TestPrecedence(t *testing.T) {
	settings := writeFile(t, "server_shared.conf", required+"WEBSOCKET_SELECT_TIMEOUT=300000\nWEBSOCKET_SERVER_HEADER=Legacy\n")
	config := writeFile(t, "wsbridge.toml",
		"[server]\nserver_header = \"Toml\"\n[php]\nevents_file = \"\"\nfastcgi = \"unix:/toml.sock\"\n[pipe]\npath = \"pipe\"\n")
	cfg, err := Load(Sources{Settings: settings, Config: config, FastCGI: "tcp:[::1]:9000"})
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Server.Listen, want.Server.ServerHeader = "localhost:50000", "Toml"
	want.Server.RequireCookie, want.Server.RequireUserAgent = true, true
	want.PHP.Timeout = 0
	want.Legacy.Settings, want.PHP.SettingsFile = settings, settings
	want.PHP.EventsFile, want.PHP.FastCGI = "/e.php", "tcp:[::1]:9000"
	want.Loop.Interval = Duration(300 * time.Millisecond)
	want.Pipe.Path, want.Pipe.Mode = filepath.Join(filepath.Dir(config), "pipe"), 0o666
	want.Notes = []string{config + ":2: server.server_header overrides " + settings + ":5: WEBSOCKET_SERVER_HEADER"}
	if !reflect.DeepEqual(cfg, want) {
		t.Errorf("got  %+v\nwant %+v", cfg, want)
	}
}

func TestTOMLFileMayHoldWhatTheSettingsLack(t *testing.T) {
	settings := writeFile(t, "server_shared.conf", "DB_HOST=localhost\nWEBSOCKET_XHR_PIPE_FILE=/pipe\n")
	config := writeFile(t, "wsbridge.toml", "[server]\nlisten = \"127.0.0.1:1\"\n[php]\nevents_file = \"/e.php\"\n")
	cfg, err := Load(Sources{Settings: settings, Config: config})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Server.Listen != "127.0.0.1:1" || cfg.PHP.EventsFile != "/e.php" || len(cfg.Notes) > 0 {
		t.Errorf("got %+v", cfg)
	}
}

func TestSettingsFlagMustAgreeWithTheTOMLFile(t *testing.T) {
	settings := writeFile(t, "server_shared.conf", required)
	config := writeFile(t, "wsbridge.toml", "[legacy]\nsettings = \""+settings+"\"\n")
	if _, err := Load(Sources{Settings: settings, Config: config}); err != nil {
		t.Error(err)
	}
	_, err := Load(Sources{Settings: "other.conf", Config: config})
	want := config + `:2: legacy.settings = ` + show(settings) + `: contradicts --settings "other.conf"`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func FuzzParseSettings(f *testing.F) {
	f.Add([]byte(required))
	f.Add([]byte("\uFEFF# a\r\nA = b = c\r\n=\n==\nA\nWEBSOCKET_LISTENING_PORT= 1 "))
	f.Add([]byte("WEBSOCKET_LISTENING_PORTS=1")) // a constant, and a warning of it
	f.Fuzz(func(t *testing.T, text []byte) {
		s := parseSettings("f", text)
		lines := 1 + strings.Count(string(text), "\n")
		if n := len(s.own) + len(s.Constants); n > lines || len(s.Warnings) > lines {
			t.Errorf("%d settings and %d warnings of %d lines", n, len(s.Warnings), lines)
		}
		for key, v := range s.own {
			if v.line < 1 || v.line > lines || v.value != strings.TrimSpace(v.value) || !slices.Contains(ownSettings(), key) {
				t.Errorf("bad setting %q: %+v", key, v)
			}
		}
		cfg := Default()
		s.overlay(&cfg, provenance{})
		if cfg.Loop.Interval.Std() < leastLoop || cfg.Server.PingInterval >= cfg.Server.PongTimeout {
			t.Errorf("bad overlay: %+v", cfg)
		}
	})
}
