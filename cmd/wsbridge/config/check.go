package config

import (
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Upper bounds, far above any use. A larger value is most likely in the wrong unit.
const (
	maxWorkers = 4096
	maxQueue   = 1 << 20
	maxBytes   = 1 << 30
)

// Check validates a configuration that flags have changed. flags are their names by the keys that they set.
func Check(cfg *Config, flags map[string]string) error {
	from := provenance{}
	for key, flag := range flags {
		from[key] = origin{name: flag}
	}
	c := checker{from: from}
	c.all(cfg)
	return c.problems.err()
}

// checker collects the problems of a configuration.
type checker struct {
	from     provenance
	problems problems
}

// all checks each value, and those that depend on each other.
func (c *checker) all(cfg *Config) {
	c.server(&cfg.Server)
	c.durations(cfg)
	c.php(&cfg.PHP)
	c.isolation(&cfg.Isolation)
	c.globals(&cfg.Globals)
	c.loop(&cfg.Loop)
	c.pipe(&cfg.Pipe)
	c.journal(&cfg.Journal)
	c.control(&cfg.Control)
	c.trace(&cfg.Trace)
	c.log(&cfg.Log)
	c.paths(cfg)
}

// require adds a problem unless ok.
func (c *checker) require(ok bool, key string, value any, want string) {
	if !ok {
		c.problems.add(c.from.problem(key, value, want))
	}
}

func (c *checker) oneOf(key, value string, allowed ...string) {
	quoted := make([]string, len(allowed))
	for i, a := range allowed {
		quoted[i] = strconv.Quote(a)
	}
	c.require(slices.Contains(allowed, value), key, value, "want "+Either(quoted))
}

func (c *checker) name(key, value string) {
	c.require(!strings.ContainsFunc(value, func(r rune) bool { return r == ' ' || notPrintable(r) }), key, value,
		"want a name without spaces")
}

func (c *checker) number(key string, n, least, most int) {
	c.require(least <= n && n <= most, key, n, fmt.Sprintf("want a whole number from %d to %d", least, most))
}

func (c *checker) size(key string, n, least ByteSize) {
	c.require(least <= n && n <= maxBytes, key, n, fmt.Sprintf("want a size from %v to %v", least, ByteSize(maxBytes)))
}

// below adds a problem unless ok says that low is below high. It names the key whose value is not the default.
func (c *checker) below(ok bool, lowKey string, low fmt.Stringer, highKey string, high fmt.Stringer) {
	if _, chosen := c.from[highKey]; chosen {
		c.require(ok, highKey, high, fmt.Sprintf("too low for %s, %s", lowKey, low))
		return
	}
	c.require(ok, lowKey, low, fmt.Sprintf("too high for %s, %s", highKey, high))
}

// mayBeZero are the times for which zero has a meaning of its own.
var mayBeZero = [...]string{"server.idle_timeout", "php.timeout", "journal.sync"}

// durations checks that all are positive but those for which zero means no limit. Elsewhere it could also mean no time at all.
func (c *checker) durations(cfg *Config) {
	values := fields(cfg)
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if d, ok := values[key].(*Duration); ok && !slices.Contains(mayBeZero[:], key) {
			c.require(*d > 0, key, *d, "want more than zero")
		}
	}
}

// paths refuses control characters. They would end a line of php-fpm's configuration, or the value of a CGI parameter.
func (c *checker) paths(cfg *Config) {
	values := fields(cfg)
	for _, key := range [...]string{"php.fpm", "php.run_dir", "php.events_file", "php.settings_file", "php.script", "pipe.path",
		"server.tls_cert", "server.tls_key", "server.acme_cache", "journal.dir", "control.token_file"} {
		path := *values[key].(*string)
		c.require(!strings.ContainsFunc(path, unicode.IsControl), key, path, "want a path without control characters")
	}
	pipe := cfg.Pipe.Path
	c.require(pipe == "" || filepath.Clean(pipe) != cfg.PHP.EventsFile, "pipe.path", pipe, "is php.events_file too")
}

// isHostPort reports whether address is a host and a numeric port. The host may be empty.
func isHostPort(address string) bool {
	host, port, err := net.SplitHostPort(address)
	_, notANumber := strconv.ParseUint(port, 10, 16)
	return err == nil && notANumber == nil && !strings.ContainsAny(host, "/ \t")
}

func notPrintable(r rune) bool { return r < ' ' || r > '~' }
