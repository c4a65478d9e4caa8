package fastcgi

import (
	"strings"
	"testing"
	"time"
)

func TestNewChecksTheAddress(t *testing.T) {
	for _, test := range []struct {
		network, address string
		ok               bool
	}{
		{"unix", "/run/php/php8.2-fpm.sock", true},
		{"tcp", "127.0.0.1:9000", true},
		{"tcp", "[::1]:9000", true},
		{"tcp", "php:9000", true},
		{"unix", "run/php.sock", false},
		{"unix", "", false},
		{"tcp", "9000", false},
		{"tcp", "php:", false},
		{"tcp", ":9000", false},
		{"", "/run/php.sock", false},
		{"", "127.0.0.1:9000", false},
		{"", "", false},
	} {
		c, err := New(Config{Network: test.network, Address: test.address, Script: "/a.php", EventsFile: "/e.php"})
		if (err == nil) != test.ok {
			t.Errorf("%q %q: got %v", test.network, test.address, err)
		}
		if err == nil {
			c.Close()
		} else if !strings.Contains(err.Error(), test.address) {
			t.Errorf("%q is not in %v", test.address, err)
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
