package phpfpm

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"
)

// maxSocketPath is the longest path of a unix socket (sockaddr_un).
const maxSocketPath = 107

// Config says how php-fpm is to run.
type Config struct {
	// Binary is a path or a command name; empty: see Find.
	Binary string
	// Dir is an existing, private folder for the sockets and the configuration file, absolute. Workers have to be able to read
	// the scripts that they run from it.
	Dir string
	// Workers is the number of workers, and so of events that run at a time. Default 4.
	Workers int
	// Residents is the number of workers in a pool of their own, at ResidentAddress, for requests that stay open: they have no time
	// limit, and each runs in a new process. Default 0, no such pool.
	Residents int
	// User and Group run the workers if this program runs as root. Default www-data and its group. Workers run as root only if
	// User is root.
	User, Group string
	// Timeout is how long a request may take, 0 for any time, and Idle how long a client keeps an idle connection: Timeout and IdleTimeout of
	// fastcgi.Config. php-fpm ends a worker that takes longer than both together and a little more, since it counts the time
	// of a request on a kept connection from the end of the one before. Default of Idle: 5 s.
	Timeout, Idle time.Duration
	// MemoryLimit is memory_limit of php.ini. Default 512M.
	MemoryLimit string
	// Preload is a script that php-fpm runs once, as opcache.preload, from PHP 7.4 on. Absolute; default none.
	Preload string
	// INI are further settings, with values as in php.ini, but numbers in place of constants such as E_ALL. They override the
	// choices of this package, except for those on which the answer to an event depends.
	INI map[string]string
	// Logger gets php-fpm's log and what workers write to their standard error. By default nothing is logged.
	Logger *slog.Logger
}

func (c Config) withDefaults() (Config, error) {
	c.Workers = cmp.Or(c.Workers, 4)
	c.Idle = cmp.Or(c.Idle, 5*time.Second)
	c.MemoryLimit = cmp.Or(c.MemoryLimit, "512M")
	c.Logger = cmp.Or(c.Logger, slog.New(slog.DiscardHandler))
	return c, c.check()
}

func (c *Config) check() error {
	switch {
	case min(c.Workers, c.Residents) < 0:
		return fmt.Errorf("%d workers, %d residents", c.Workers, c.Residents)
	case min(c.Timeout, c.Idle) < 0:
		return errors.New("negative time")
	case !filepath.IsAbs(c.Dir):
		return fmt.Errorf("folder %q: want an absolute path", c.Dir)
	}
	for _, socket := range []string{c.socket(), c.residentSocket()} {
		if len(socket) > maxSocketPath {
			return fmt.Errorf("folder %q: a socket's path can have %d bytes, %q is longer", c.Dir, maxSocketPath, socket)
		}
	}
	for name, value := range map[string]string{"folder": c.Dir, "user": c.User, "group": c.Group} {
		if !isPlainValue(value) {
			return fmt.Errorf("%s %q: character that php-fpm's configuration cannot hold", name, value)
		}
	}
	_, err := c.settings(account{})
	return err
}

// isPlainValue reports whether an ini file takes s, unquoted, for one value.
func isPlainValue(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' || r == 0x7f || strings.ContainsRune("\"';=${}()&|^~![]#", r)
	})
}
