package config

import (
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Upper bounds, far beyond any use: a wrong unit is the likely cause of more.
const (
	maxWorkers = 4096
	maxQueue   = 1 << 20
	maxBytes   = 1 << 30
)

// Check validates a configuration that flags have changed, which are named by the key of what they set.
func Check(cfg *Config, flags map[string]string) error {
	from := provenance{}
	for key, flag := range flags {
		from[key] = origin{name: flag}
	}
	c := checker{from: from}
	c.all(cfg)
	return c.problems.err()
}

// checker collects what is wrong with a configuration's values.
type checker struct {
	from     provenance
	problems problems
}

// all checks every value and what must hold between them.
func (c *checker) all(cfg *Config) {
	c.server(&cfg.Server)
	c.limits(&cfg.Server)
	c.tls(&cfg.Server)
	c.durations(cfg)
	c.php(&cfg.PHP)
	c.isolation(&cfg.Isolation)
	c.globals(&cfg.Globals)
	c.loop(&cfg.Loop)
	c.pipe(&cfg.Pipe)
	c.control(&cfg.Control)
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

// below adds a problem unless ok, which says that low is below high. It blames the one of them that is not a default.
func (c *checker) below(ok bool, lowKey string, low fmt.Stringer, highKey string, high fmt.Stringer) {
	if _, chosen := c.from[highKey]; chosen {
		c.require(ok, highKey, high, fmt.Sprintf("too low for %s, %s", lowKey, low))
		return
	}
	c.require(ok, lowKey, low, fmt.Sprintf("too high for %s, %s", highKey, high))
}

// durations are all positive but one: zero would be no time at all in one place and no limit in another.
func (c *checker) durations(cfg *Config) {
	values := fields(cfg)
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if d, ok := values[key].(*Duration); ok && key != "server.idle_timeout" {
			c.require(*d > 0, key, *d, "want more than zero")
		}
	}
}

// paths become lines of configuration files and values of CGI parameters, which control characters would end.
func (c *checker) paths(cfg *Config) {
	values := fields(cfg)
	for _, key := range [...]string{"php.fpm", "php.run_dir", "php.events_file", "php.settings_file", "php.script", "pipe.path",
		"server.tls_cert", "server.tls_key", "control.token_file"} {
		path := *values[key].(*string)
		c.require(!strings.ContainsFunc(path, unicode.IsControl), key, path, "want a path without control characters")
	}
	pipe := cfg.Pipe.Path
	c.require(pipe == "" || filepath.Clean(pipe) != cfg.PHP.EventsFile, "pipe.path", pipe, "is php.events_file too")
}

// idle notes values that differ from their defaults and have no effect, so that nobody waits for one.
func (c *checker) idle(cfg *Config) []string {
	keys, why := []string{"php.script", "php.status_path", "php.reserve"}, "without php.fastcgi"
	if cfg.PHP.External() {
		keys = []string{"php.fpm", "php.workers", "php.user", "php.group", "php.memory_limit", "php.ini"}
		why = "with a php-fpm that wsbridge does not run"
	}
	plain := Default()
	set, usual := fields(cfg), fields(&plain)
	var notes []string
	for _, key := range keys {
		if !reflect.DeepEqual(set[key], usual[key]) {
			notes = append(notes, fmt.Sprintf("%s has no effect %s", c.from.at(key), why))
		}
	}
	return notes
}
