package config

import (
	"slices"
	"testing"
)

func TestSimilarNames(t *testing.T) {
	known := []string{"listen", "max_message", "min_message", "mode", "path", "ping_interval"}
	for name, want := range map[string][]string{
		"listne": {"listen"}, "LISTEN": {"listen"}, "max-message": {"max_message"}, "man_message": {"max_message", "min_message"},
		"mod": {"mode"}, "modus": nil, "": nil, "redis": nil, "ping_intervals": {"ping_interval"}, "grüße": nil,
	} {
		if got := Similar(name, known); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestValuesWithoutQuotes(t *testing.T) {
	for line, want := range map[string]string{
		"listen = 127.0.0.1:50000":               `: quote it: listen = "127.0.0.1:50000"`,
		"  listen=localhost:1 # here\r":          `: quote it: listen = "localhost:1"`,
		"fastcgi = unix:/run/php.sock":           `: quote it: fastcgi = "unix:/run/php.sock"`,
		"listen = [::1]:80":                      `: quote it: listen = "[::1]:80"`,
		"server.ping_interval = 30s":             `: quote it: server.ping_interval = "30s"`,
		"mode = 0660":                            `: quote it: mode = "0660"`,
		`listen = [auto, "127.0.0.1:1", a:1]`:    `: quote it: listen = ["auto", "127.0.0.1:1", "a:1"]`,
		"require_cookie = True":                  ": write it small: require_cookie = true",
		"listen = \"a":                           "",
		"listen = 5":                             "",
		"listen":                                 "",
		"listen = ":                              "",
		"[server":                                "",
		"events_file = C:\\push\\server.php":     `: quote it: events_file = "C:\\push\\server.php"`,
		"path = /srv/push # of what, and why # ": `: quote it: path = "/srv/push"`,
	} {
		if got := unquoted(line); got != want {
			t.Errorf("%s: got %q, want %q", line, got, want)
		}
	}
}
