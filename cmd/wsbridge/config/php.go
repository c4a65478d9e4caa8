package config

import (
	"math"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/wsbridge/wsbridge/fastcgi"
)

// externalConnections is how many connections wsbridge keeps to a php-fpm whose number of workers it cannot know: fewer
// than the five that Debian's default pool has.
const externalConnections = 4

// DialTimeout is how long connecting to php-fpm may take.
const DialTimeout = 3 * time.Second

// PHP is about php-fpm and the application's code.
type PHP struct {
	FastCGI         string   `toml:"fastcgi"` // see Endpoint; empty: a php-fpm of wsbridge's own
	FPM             string   `toml:"fpm"`     // own php-fpm's binary; empty: found
	Workers         int      `toml:"workers"` // own php-fpm's
	User            string   `toml:"user"`    // own php-fpm's workers; empty: the default of the phpfpm package
	Group           string   `toml:"group"`
	MemoryLimit     string   `toml:"memory_limit"` // php.ini notation
	Ini             IniTable `toml:"ini"`
	RunDir          string   `toml:"run_dir"`       // absolute; empty: a private temporary folder
	EventsFile      string   `toml:"events_file"`   // absolute, as php-fpm sees it
	SettingsFile    string   `toml:"settings_file"` // as php-fpm sees it; after loading Legacy.Settings if it was empty
	Script          string   `toml:"script"`        // as an external php-fpm sees it; empty: the unpacked one
	MaxConnections  int      `toml:"max_connections"`
	EndStdin        bool     `toml:"end_stdin"`   // for responders that are not php-fpm
	StatusPath      string   `toml:"status_path"` // an external php-fpm's pm.status_path; empty: not asked
	Reserve         int      `toml:"reserve"`     // workers of an external php-fpm that are left to others
	IdleTimeout     Duration `toml:"idle_timeout"`
	Timeout         Duration `toml:"timeout"`          // one event
	UnavailableWait Duration `toml:"unavailable_wait"` // how long events wait for php-fpm
	Initialize      string   `toml:"initialize"`       // "every" or "once"
	OnError         string   `toml:"on_error"`         // "continue" or "close"
}

// Endpoint splits FastCGI into what net.Dial takes: "unix:/path" or "tcp:host:port". ok is false if it is neither.
func (c *PHP) Endpoint() (network, address string, ok bool) {
	network, address, _ = strings.Cut(c.FastCGI, ":")
	switch network {
	case "unix":
		return network, address, filepath.IsAbs(address)
	case "tcp":
		host, port, err := net.SplitHostPort(address)
		n, bad := strconv.ParseUint(port, 10, 16)
		return network, address, err == nil && bad == nil && host != "" && n > 0
	}
	return "", "", false
}

// External reports whether php-fpm is somebody else's to run.
func (c *PHP) External() bool { return c.FastCGI != "" }

// Connections is how many connections to php-fpm there may be. Each holds a worker for as long as it is kept.
func (c *PHP) Connections() int {
	switch {
	case c.MaxConnections > 0:
		return c.MaxConnections
	case c.External():
		return externalConnections
	}
	return c.Workers
}

// ConnectionsTo is how many connections there may be to an external php-fpm that says s of itself, or nothing, nil. Of a pool
// whose size is fixed, Reserve workers are left to others. Any other pool can have as many workers as it has now, at least.
func (c *PHP) ConnectionsTo(s *fastcgi.Status) int {
	if s == nil {
		return c.Connections()
	}
	spare := max(1, s.Workers-c.Reserve)
	switch {
	case s.Fixed() && c.MaxConnections > 0:
		return min(spare, c.MaxConnections)
	case s.Fixed():
		return spare
	case c.MaxConnections > 0:
		return c.MaxConnections
	}
	return max(spare, externalConnections)
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

// isMemoryLimit accepts php.ini's shorthand: https://www.php.net/manual/en/faq.using.php#faq.using.shorthandbytes
func isMemoryLimit(s string) bool {
	if s == "-1" {
		return true
	}
	n, err := strconv.ParseUint(strings.TrimRight(s, "KkMmGg"), 10, 63)
	unit := strings.TrimLeft(s, "0123456789")
	return err == nil && n > 0 && n < math.MaxInt64>>30 && len(unit) <= 1
}
