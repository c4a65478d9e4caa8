package fastcgi

import (
	"strings"
	"testing"
	"time"
)

func TestParseAddress(t *testing.T) {
	for _, test := range []struct {
		in, network, address string
		ok                   bool
	}{
		{"unix:/run/php/php8.2-fpm.sock", "unix", "/run/php/php8.2-fpm.sock", true},
		{"tcp:127.0.0.1:9000", "tcp", "127.0.0.1:9000", true},
		{"tcp:[::1]:9000", "tcp", "[::1]:9000", true},
		{"tcp:php:9000", "tcp", "php:9000", true},
		{"unix:run/php.sock", "", "", false},
		{"unix:", "", "", false},
		{"tcp:9000", "", "", false},
		{"tcp:php:", "", "", false},
		{"tcp::9000", "", "", false},
		{"/run/php.sock", "", "", false},
		{"127.0.0.1:9000", "", "", false},
		{"", "", "", false},
	} {
		network, address, err := ParseAddress(test.in)
		if network != test.network || address != test.address || (err == nil) != test.ok {
			t.Errorf("%q: got %q, %q, %v", test.in, network, address, err)
		}
		if err != nil && !strings.Contains(err.Error(), test.in) {
			t.Errorf("%q is not in %v", test.in, err)
		}
	}
}

func TestNewChecksItsConfiguration(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"network":       func(c *Config) { c.Network = "udp" },
		"address":       func(c *Config) { c.Address = "" },
		"no script":     func(c *Config) { c.Script = "" },
		"relative":      func(c *Config) { c.Script = "a.php" },
		"no events":     func(c *Config) { c.EventsFile = "" },
		"settings":      func(c *Config) { c.SettingsFile = "/a\nb" },
		"long path":     func(c *Config) { c.EventsFile = "/" + strings.Repeat("a", maxPath) },
		"connections":   func(c *Config) { c.MaxConnections = -1 },
		"negative time": func(c *Config) { c.Timeout = -time.Second },
	} {
		cfg := Config{Network: "unix", Address: "/s", Script: "/a.php", EventsFile: "/e.php"}
		if c, err := New(cfg); err != nil {
			t.Fatal(err)
		} else {
			c.Close()
		}
		change(&cfg)
		if c, err := New(cfg); err == nil {
			c.Close()
			t.Errorf("%s: accepted", name)
		}
	}
}
