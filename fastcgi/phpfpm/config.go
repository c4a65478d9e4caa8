package phpfpm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"
)

// statusPath is the pool's pm.status_path.
const statusPath = "/status"

// maxSocketPath is the longest path of a unix socket (sockaddr_un).
const maxSocketPath = 107

// Config says how php-fpm is to run.
type Config struct {
	// Binary is a path or a command name; empty: see Find.
	Binary string
	// Dir is a private, existing folder for the socket and the configuration, absolute. Whatever script the workers run
	// from it, they must be able to read.
	Dir string
	// Workers is how many events run at a time. Default 4.
	Workers int
	// User and Group run the workers if this program runs as root. Default www-data and its group. Workers run as
	// root only if User says so.
	User, Group string
	// Timeout is how long one request may take, and Idle how long a client keeps an idle connection: fastcgi.Config's
	// Timeout and IdleTimeout. php-fpm ends a worker that takes longer than both, and a little more: it counts a
	// kept connection's request from the end of the one before. Defaults 30 s and 5 s.
	Timeout, Idle time.Duration
	// MemoryLimit is php.ini's memory_limit. Default 512M.
	MemoryLimit string
	// Preload is a script that php-fpm runs once, as opcache.preload, where PHP is 7.4 or later; absolute. Default: none.
	Preload string
	// INI are further settings, each as a line of php.ini would have it, with numbers in place of constants such as
	// E_ALL. They prevail over this package's choices, but for those that keep an answer whole.
	INI map[string]string
	// Logger gets php-fpm's log and, if it is enabled for debug messages when php-fpm starts, what workers write to their
	// standard error. Default: nothing is logged.
	Logger *slog.Logger
}

func (c Config) withDefaults() (Config, error) {
	if c.Workers == 0 {
		c.Workers = 4
	}
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	if c.Idle == 0 {
		c.Idle = 5 * time.Second
	}
	if c.MemoryLimit == "" {
		c.MemoryLimit = "512M"
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, c.check()
}

func (c *Config) check() error {
	switch {
	case c.Workers < 0:
		return fmt.Errorf("%d workers", c.Workers)
	case min(c.Timeout, c.Idle) < 0:
		return errors.New("negative time")
	case !filepath.IsAbs(c.Dir):
		return fmt.Errorf("folder %q: want an absolute path", c.Dir)
	case len(c.socket()) > maxSocketPath:
		return fmt.Errorf("folder %q: a socket's path can have %d bytes, %q is longer", c.Dir, maxSocketPath, c.socket())
	}
	for name, value := range map[string]string{"folder": c.Dir, "user": c.User, "group": c.Group} {
		if !isPlainValue(value) {
			return fmt.Errorf("%s %q: character that php-fpm's configuration cannot hold", name, value)
		}
	}
	_, err := c.settings(account{})
	return err
}

func (c *Config) socket() string { return filepath.Join(c.Dir, "php-fpm.sock") }
func (c *Config) status() string { return filepath.Join(c.Dir, "status.sock") }
func (c *Config) file() string   { return filepath.Join(c.Dir, "php-fpm.conf") }

// isPlainValue reports whether an unquoted value stays one value of an ini file.
func isPlainValue(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' || r == 0x7f || strings.ContainsRune("\"';=${}()&|^~![]#", r)
	})
}

// pool is php-fpm's configuration file.
func (c *Config) pool(v version, who account) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("[global]")
	line("error_log = /proc/self/fd/2")
	line("daemonize = no")
	line("[wsbridge]")
	line("listen = %s", c.socket())
	line("listen.mode = 0600")
	if who.user != "" {
		line("user = %s", who.user)
		line("group = %s", who.group)
	}
	line("pm = static")
	line("pm.max_children = %d", c.Workers)
	line("pm.max_requests = 0") // a worker that leaves costs a fork and a connection
	line("pm.status_path = %s", statusPath)
	if v.atLeast(8, 0) {
		line("pm.status_listen = %s", c.status()) // answered by a process of its own: ours may all be busy
	}
	line("request_terminate_timeout = %d", c.terminateAfter())
	line("catch_workers_output = %s", c.catchesOutput())
	if v.atLeast(7, 3) {
		line("decorate_workers_output = no")
	}
	line("clear_env = no") // php server.php had its caller's environment
	line("security.limit_extensions = .php")
	return b.String()
}

// catchesOutput is catch_workers_output: whether what workers and their commands write to standard error is logged. From PHP 7.3 on
// it costs a tenth of a small event's time, because a worker then wakes the master up after each request.
func (c *Config) catchesOutput() string {
	if c.Logger.Enabled(context.Background(), slog.LevelDebug) {
		return "yes"
	}
	return "no"
}

// terminateAfter is request_terminate_timeout in seconds.
func (c *Config) terminateAfter() int64 {
	const margin = time.Second
	return int64((c.Timeout + c.Idle + margin + time.Second - 1) / time.Second)
}
