package phpfpm

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPoolFile(t *testing.T) {
	cfg := Config{Dir: "/run/wsbridge", Workers: 8, Residents: 12, Timeout: 1500 * time.Millisecond, Idle: 5 * time.Second}
	want := `[global]
error_log = /proc/self/fd/2
daemonize = no
[wsbridge]
listen = /dev/null/wsbridge
user = www-data
group = 33
pm = static
pm.max_children = 8
catch_workers_output = yes
decorate_workers_output = no
clear_env = no
env[FPM_SOCKETS] = taken
security.limit_extensions = .php
php_admin_value[disable_functions] = fastcgi_finish_request
pm.max_requests = 0
pm.status_path = /status
request_terminate_timeout = 8
[wsbridge-resident]
listen = /dev/null/wsbridge-resident
user = www-data
group = 33
pm = static
pm.max_children = 12
catch_workers_output = yes
decorate_workers_output = no
clear_env = no
env[FPM_SOCKETS] = taken
security.limit_extensions = .php
php_admin_value[disable_functions] = fastcgi_finish_request
pm.max_requests = 1
request_terminate_timeout = 0
request_slowlog_timeout = 0
php_value[max_execution_time] = 0
`
	if got := cfg.render(version{7, 3}, account{user: "www-data", group: "33"}); got != want {
		t.Errorf("got\n%s", got)
	}
	cfg.Residents = 0
	old := cfg.render(version{7, 2}, account{})
	for _, line := range []string{"decorate_workers_output", "user =", "group =", "resident"} {
		if strings.Contains(old, line) {
			t.Errorf("%s in\n%s", line, old)
		}
	}
}

func TestNoValueCanAddALine(t *testing.T) {
	for _, value := range []string{"a\nb", "a\rb", "a\x00b", "a;b", `a"b`, "a'b", "a=b", "${HOME}", "a[b]", "a#b"} {
		for name, change := range map[string]func(*Config){
			"folder": func(c *Config) { c.Dir = "/" + value },
			"user":   func(c *Config) { c.User = value },
			"group":  func(c *Config) { c.Group = value },
			"name":   func(c *Config) { c.INI = map[string]string{value: "1"} },
		} {
			cfg := Config{Dir: "/run"}
			change(&cfg)
			if _, err := cfg.withDefaults(); err == nil {
				t.Errorf("%s %q: accepted", name, value)
			}
		}
	}
	for _, value := range []string{"a\nb", "a\rb", "a\x00b", "both ' and \""} {
		for name, cfg := range map[string]Config{
			"setting": {Dir: "/run", INI: map[string]string{"session.name": value}},
			"memory":  {Dir: "/run", MemoryLimit: value},
		} {
			if _, err := cfg.withDefaults(); err == nil {
				t.Errorf("%s %q: accepted", name, value)
			}
		}
	}
}

func TestSettings(t *testing.T) {
	cfg := Config{MemoryLimit: "64M", INI: map[string]string{"date.timezone": "Europe/Berlin", "session.name": "a;b $c", "x": "it's"}}
	args, err := cfg.settings(account{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"memory_limit='64M'", "date.timezone='Europe/Berlin'", "session.name='a;b $c'", `x="it's"`} {
		if at := slices.Index(args, want); at < 1 || args[at-1] != "-d" {
			t.Errorf("no %s in %q", want, args)
		}
	}
	for name := range fixedSettings() {
		cfg := Config{INI: map[string]string{name: "1"}}
		if _, err := cfg.settings(account{}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestWorkerAccount(t *testing.T) {
	root := os.Geteuid() == 0
	for _, test := range []struct {
		user, group string
		want        account
		ok          bool
	}{
		{"", "", account{user: "www-data", group: "33"}, root},
		{"root", "", account{user: "root", group: "0", root: true}, root},
		{"www-data", "daemon", account{user: "www-data", group: "daemon"}, root},
		{"no-such-user", "", account{}, false},
		{"www-data", "no-such-group", account{}, false},
	} {
		if !root && test.user == "" {
			test.want, test.ok = account{}, true
		}
		got, err := workerAccount(test.user, test.group)
		if (err == nil) != test.ok || test.ok && got != test.want {
			t.Errorf("%q, %q: got %+v, %v", test.user, test.group, got, err)
		}
	}
	if got, err := ownAccount("", ""); err != nil || got != (account{}) {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := ownAccount("no-such-user", ""); err == nil {
		t.Error("another user without being root")
	}
}

func TestFind(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"php-fpm8.1", "php-fpm83", "php-fpm7.4", "mine"} {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(folder, "php-fpm"), 0o755); err != nil {
		t.Fatal(err)
	}
	plain := filepath.Join(folder, "plain")
	if err := os.WriteFile(plain, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", ".:"+folder)
	for binary, want := range map[string]string{
		"mine":                           filepath.Join(folder, "mine"),
		"php-fpm7.4":                     filepath.Join(folder, "php-fpm7.4"),
		filepath.Join(folder, "mine"):    filepath.Join(folder, "mine"),
		"php-fpm83":                      filepath.Join(folder, "php-fpm83"),
		plain:                            "",
		filepath.Join(folder, "no"):      "",
		filepath.Join(folder, "php-fpm"): "",
		"no-such-php-fpm":                "",
	} {
		got, err := Find(binary)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v", binary, got, err)
		}
		if err != nil && !strings.Contains(err.Error(), "apt install php-fpm") {
			t.Errorf("%q: %v does not help", binary, err)
		}
	}
	if names := candidates(); names[0] != "php-fpm" || slices.Index(names, "php-fpm8.4") > slices.Index(names, "php-fpm8.2") || !slices.Contains(names, "php5-fpm") {
		t.Errorf("got %q", names)
	}
	if got, err := Find(""); err != nil || !filepath.IsAbs(got) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestParseVersion(t *testing.T) {
	for out, want := range map[string]version{
		"PHP 8.2.36 (fpm-fcgi) (built: x)\nCopyright": {8, 2},
		"PHP 5.6.40-0+deb8u12 (fpm-fcgi) (built: x)":  {5, 6},
		"PHP Warning: 1.2.3\nPHP 7.4.0 (fpm-fcgi)":    {7, 4},
		"PHP 8.2.36 (cli)":                            {},
		"PHP 8 (fpm-fcgi)":                            {},
		"":                                            {},
	} {
		if got, err := parseVersion(out); got != want || (err == nil) != (want != version{}) {
			t.Errorf("%q: got %v, %v", out, got, err)
		}
	}
	if v := (version{7, 3}); !v.atLeast(7, 3) || !v.atLeast(5, 6) || v.atLeast(7, 4) || v.atLeast(8, 0) {
		t.Error("versions do not compare")
	}
}
