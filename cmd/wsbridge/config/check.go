package config

import (
	"fmt"
	"maps"
	"math"
	"net"
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
	c.oneOf("isolation.mode", cfg.Isolation.Mode, IsolationAuto, IsolationSerial, IsolationConnection)
	c.handlers(cfg.Isolation.Handlers)
	c.globals(&cfg.Globals)
	c.require(cfg.Pipe.Mode != 0 && cfg.Pipe.Mode&^0o777 == 0, "pipe.mode", cfg.Pipe.Mode, `want permission bits, such as "0660"`)
	c.size("pipe.max_document", cfg.Pipe.MaxDocument, 1)
	c.name("isolation.session_cookie", cfg.Isolation.SessionCookie)
	c.control(&cfg.Control)
	c.oneOf("log.level", cfg.Log.Level, "debug", "info", "warn", "error")
	c.oneOf("log.format", cfg.Log.Format, "auto", "text", "json", "journal")
	c.require(!cfg.Log.Legacy || cfg.Log.Folder != "", "log.legacy", cfg.Log.Legacy, "want WEBSOCKET_LOG_PATH in a legacy settings file")
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

func (c *checker) server(s *Server) {
	host, port, err := net.SplitHostPort(s.Listen)
	_, bad := strconv.ParseUint(port, 10, 16)
	c.require(err == nil && bad == nil && !strings.ContainsAny(host, "/ \t"), "server.listen", s.Listen,
		`want host:port, such as "127.0.0.1:50000"`)
	c.require(!strings.ContainsFunc(s.ServerHeader, notPrintable), "server.server_header", s.ServerHeader,
		"want printable ASCII only")
	c.admission(s)
	c.size("server.max_message", s.MaxMessage, 1)
	c.number("server.event_queue", s.EventQueue, 1, maxQueue)
	c.number("server.event_queue_total", s.EventQueueTotal, 1, maxQueue)
	c.size("server.event_queue_total_bytes", s.EventQueueTotalBytes, 1)
	c.number("server.send_queue", s.SendQueue, 1, maxQueue)
	c.below(s.MaxMessage <= s.EventQueueTotalBytes, "server.max_message", s.MaxMessage,
		"server.event_queue_total_bytes", s.EventQueueTotalBytes)
	c.below(s.MaxMessage <= s.SendQueueBytes, "server.max_message", s.MaxMessage, "server.send_queue_bytes", s.SendQueueBytes)
	c.below(s.PingInterval < s.PongTimeout, "server.ping_interval", s.PingInterval, "server.pong_timeout", s.PongTimeout)
}

func notPrintable(r rune) bool { return r < ' ' || r > '~' }

// durations are all positive but one: zero would be no time at all in one place and no limit in another.
func (c *checker) durations(cfg *Config) {
	values := fields(cfg)
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if d, ok := values[key].(*Duration); ok && key != "server.idle_timeout" {
			c.require(*d > 0, key, *d, "want more than zero")
		}
	}
	c.require(cfg.Loop.Interval <= 0 || cfg.Loop.Interval.Std() >= leastLoop, "loop.interval", cfg.Loop.Interval,
		fmt.Sprintf("want %v or more", leastLoop))
}

func (c *checker) php(p *PHP) {
	_, _, ok := p.Endpoint()
	c.require(ok || !p.External(), "php.fastcgi", p.FastCGI, `want "unix:/path" or "tcp:host:port"`)
	c.number("php.workers", p.Workers, 1, maxWorkers)
	most := maxWorkers
	if !p.External() {
		most = max(p.Workers, 1) // each connection holds a worker; one more would wait for ever
	}
	c.number("php.max_connections", p.MaxConnections, 0, most)
	c.require(isStatusPath(p.StatusPath), "php.status_path", p.StatusPath, `want a path such as "/status", or nothing`)
	c.number("php.reserve", p.Reserve, 0, maxWorkers)
	c.require(isMemoryLimit(p.MemoryLimit), "php.memory_limit", p.MemoryLimit, `want php.ini notation, such as "512M", or "-1" for none`)
	c.name("php.user", p.User)
	c.name("php.group", p.Group)
	c.oneOf("php.initialize", p.Initialize, "every", "once")
	c.oneOf("php.on_error", p.OnError, "continue", "close")
}

// isStatusPath accepts what php-fpm accepts as pm.status_path.
func isStatusPath(s string) bool {
	return s == "" || s[0] == '/' && len(s) > 1 && !strings.ContainsFunc(s, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("/-_.~", r)
	})
}

func (c *checker) name(key, value string) {
	c.require(!strings.ContainsFunc(value, func(r rune) bool { return r == ' ' || notPrintable(r) }), key, value,
		"want a name without spaces")
}

// isMemoryLimit accepts php.ini's shorthand: https://www.php.net/manual/en/faq.using.php#faq.using.shorthandbytes
func isMemoryLimit(s string) bool {
	if s == "-1" {
		return true
	}
	n, err := strconv.ParseUint(strings.TrimRight(s, "KkMmGg"), 10, 63)
	unit := strings.TrimLeft(s, "0123456789")
	return err == nil && n > 0 && n < math.MaxInt64>>30 && len(unit) <= 1
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
