package config

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

const shippedConfig = "../../../deploy/wsbridge.toml"

func TestBadConfigsAreExplained(t *testing.T) {
	t.Chdir("testdata/bad")
	files, err := filepath.Glob("*.toml")
	if err != nil || len(files) == 0 {
		t.Fatal("no fixtures", err)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			want, err := os.ReadFile(strings.TrimSuffix(file, ".toml") + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			_, err = Load(Sources{Config: file})
			if err == nil {
				t.Fatal("no error")
			}
			if got := err.Error() + "\n"; got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// The files that packages and the containers bring set no key that is gone, or that has no effect.
func TestShippedExamplesAreConfigurations(t *testing.T) {
	cfg, err := Load(Sources{Config: "../../../deploy/docker/wsbridge.toml"})
	if err != nil || len(cfg.Notes) > 0 {
		t.Errorf("docker: %v, %q", err, cfg.Notes)
	}
	const events = "php.events_file is missing or empty"
	if _, err = Load(Sources{Config: "../../../deploy/package/wsbridge.toml"}); err == nil || !strings.Contains(Each(err)[0], events) || len(Each(err)) > 1 {
		t.Errorf("package: %v", err)
	}
}

func TestGoodConfigs(t *testing.T) {
	t.Chdir("testdata/good")
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for file, change := range map[string]func(*Config){
		"small.toml": func(c *Config) { c.PHP.EventsFile = filepath.Join(here, "push_server_events.php") },
		"dotted.toml": func(c *Config) {
			c.Server.Listen = "[::1]:0"
			c.Server.AllowedOrigins = []string{"https://shop.example", "http://localhost:8080"}
			c.PHP.EventsFile = "/srv/shop/push_server_events.php"
			c.PHP.Ini = IniTable{"opcache.jit": "off", "date.timezone": "Europe/Berlin", "max_input_time": "5", "display_errors": "0"}
			c.Isolation.Mode = "connection"
		},
		"external.toml": func(c *Config) {
			c.PHP.FastCGI = "tcp:127.0.0.1:9000"
			c.PHP.EventsFile = "/srv/shop/push_server_events.php"
			c.PHP.Script = "/usr/share/wsbridge/wsbridge.php"
			c.PHP.User = "shop"
			c.Pipe.Path, c.Pipe.Mode = "/run/shop/ws_notify", 0o620
			c.Notes = []string{"external.toml:5: php.user has no effect with a php-fpm that wsbridge does not run"}
		},
		"resident.toml": func(c *Config) {
			c.PHP.FastCGI, c.PHP.Resident, c.PHP.ResidentFastCGI = "tcp:php:9000", "on", "tcp:php:9001"
			c.PHP.RunDir = "/run/wsbridge"
			c.PHP.EventsFile = "/srv/shop/push_server_events.php"
		},
		"resident_unused.toml": func(c *Config) {
			c.PHP.ResidentFastCGI = "unix:/run/php/resident.sock"
			c.PHP.EventsFile = "/srv/shop/push_server_events.php"
			c.Notes = []string{"resident_unused.toml:2: php.resident_fastcgi has no effect without php.fastcgi"}
		},
		"control.toml": func(c *Config) {
			c.PHP.EventsFile = "/srv/shop/push_server_events.php"
			c.Control = Control{Listen: Addresses{"auto", "unix:/run/shop/control.sock", "0.0.0.0:9180"}, Group: "www-data",
				TokenFile: filepath.Join(here, "token"), PublicPath: "/wsbridge/", Tokens: Tokens{
					"grafana": {RoleMetrics, filepath.Join(here, "grafana.token")}, "anna.b": {RoleOperate, "/etc/anna"}}}
		},
		"retired.toml": func(c *Config) {
			c.PHP.EventsFile = "/srv/shop/push_server_events.php"
			c.Server.HandshakeRate = 100
			c.Notes = []string{
				"retired.toml:3: server.handshake_burst is no longer a key, and its value is not used: " +
					"as many handshakes may come at once as server.handshake_rate allows in a second",
				"retired.toml:7: php.dial_timeout is no longer a key, and its value is not used: connecting to php-fpm may take 3s",
				"retired.toml:9: control.pprof is no longer a key, and its value is not used: " +
					"/debug/pprof/ is served to all who may do everything",
			}
		},
		"control_none.toml": func(c *Config) {
			c.PHP.EventsFile = "/srv/shop/push_server_events.php"
			c.Control.Listen = Addresses{}
		},
		"isolation.toml": func(c *Config) {
			c.PHP.EventsFile = "/srv/shop/push_server_events.php"
			c.Isolation.Handlers = HandlerModes{"text": "connection", "before_close": "serial"}
			c.Globals = Globals{Live: []string{"counter", "größe"}, Forget: []string{"cache", "settings"}}
		},
		"legacy.toml": func(c *Config) {
			legacyConfig(c, filepath.Join(here, "../settings/good.conf"))
			c.Server.Listen = "127.0.0.1:50001"
			c.Server.RequireCookie = false
			const settings = "../settings/good.conf"
			c.Notes = []string{
				"legacy.toml:5: server.listen overrides " + settings + ":4: WEBSOCKET_LISTENING_PORT",
				"legacy.toml:6: server.require_cookie overrides " + settings + ": legacy default",
			}
		},
	} {
		t.Run(file, func(t *testing.T) {
			want := Default()
			change(&want)
			got, err := Load(Sources{Config: file})
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

// legacyConfig makes of the defaults what testdata/settings/good.conf, at path, makes of them.
func legacyConfig(c *Config, path string) {
	c.Server.Listen = "localhost:50000"
	c.Server.ServerHeader = "SimplePHPWS"
	c.Server.RequireCookie, c.Server.RequireUserAgent = true, true
	c.PHP.Timeout = 0
	c.Server.AllowedOrigins = []string{"https://shop.example", "http://localhost:8080"}
	c.Server.PongTimeout, c.Server.PingInterval = Duration(40*time.Second), Duration(20*time.Second)
	c.Legacy.Settings, c.PHP.SettingsFile = path, path
	c.PHP.EventsFile = "/srv/shop/inc/push_server_events.php"
	c.Loop.Interval = Duration(300 * time.Millisecond)
	c.Pipe.Path, c.Pipe.Mode = "/srv/shop/inc/data/ws_notify", 0o666
	c.Log.Folder = "/srv/shop/inc/ws_logs/"
	c.Constants = []string{"DB_HOST", "DB_PASSWORD", "ADMINISTRATOR_EMAIL"}
}

func TestPositionIndexFindsEveryLine(t *testing.T) {
	cfg := Default()
	text := "\n[server]\nlisten = 1\n\n  allowed_origins = [\n 1,\n 2]\nmax_message = {}\n[[php]]\n[pipe.mode]\nx = \"\"\"\na\nb\"\"\"\n[log]\nlevel = 1"
	doc, err := parseDocument("f", []byte(text), fields(&cfg))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, v := range doc.values {
		got[v.key] = v.line
	}
	want := map[string]int{"server.listen": 3, "server.allowed_origins": 5, "server.max_message": 8, "pipe.mode": 10, "log.level": 15}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if want := (problems{"f:9: php: want a table, [php]"}); !slices.Equal(doc.unknown, want) {
		t.Errorf("got %q, want %q", doc.unknown, want)
	}
}

func FuzzParseDocument(f *testing.F) {
	for _, pattern := range []string{shippedConfig, "testdata/*/*.toml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		cfg := Default()
		doc, err := parseDocument("f", text, fields(&cfg))
		if err != nil {
			return
		}
		for _, v := range doc.values {
			if v.line < 1 {
				t.Errorf("no line for %s", v.key)
			}
		}
		from := provenance{}
		found, _ := doc.decode(fields(&cfg), from)
		if len(found)+len(from) < len(doc.values) {
			t.Errorf("%d values: %d decoded, %d problems", len(doc.values), len(from), len(found))
		}
		c := checker{from: from}
		c.all(&cfg)
	})
}

// writeFile writes a file into a folder of its own and returns its path.
func writeFile(tb testing.TB, name, text string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}
