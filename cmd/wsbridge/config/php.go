package config

import (
	"cmp"
	"math"
	"net"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/wsbridge/wsbridge/fastcgi"
)

// externalConnections is the limit for an existing php-fpm whose number of workers is unknown: fewer than the five of Debian's
// default pool.
const externalConnections = 4

// DialTimeout limits the time to connect to php-fpm.
const DialTimeout = 3 * time.Second

// PHP is about php-fpm and the application's code.
type PHP struct {
	FastCGI         string   `toml:"fastcgi"`          // see Endpoint; empty: wsbridge runs its own php-fpm
	Resident        string   `toml:"resident"`         // "auto", "on" or "off"; see HasResidents
	ResidentFastCGI string   `toml:"resident_fastcgi"` // of an existing php-fpm; see ResidentEndpoint
	FPM             string   `toml:"fpm"`              // program of the own php-fpm; empty: found
	Workers         int      `toml:"workers"`          // of the own php-fpm
	User            string   `toml:"user"`             // of those workers; empty: the default of package phpfpm
	Group           string   `toml:"group"`
	MemoryLimit     string   `toml:"memory_limit"` // php.ini notation
	Ini             IniTable `toml:"ini"`
	RunDir          string   `toml:"run_dir"`       // absolute; empty: a private temporary folder
	EventsFile      string   `toml:"events_file"`   // absolute, as php-fpm sees it
	SettingsFile    string   `toml:"settings_file"` // as php-fpm sees it; after loading never empty if there is one
	Script          string   `toml:"script"`        // as an existing php-fpm sees it; empty: the unpacked one
	MaxConnections  int      `toml:"max_connections"`
	EndStdin        bool     `toml:"end_stdin"`   // for responders that are not php-fpm
	StatusPath      string   `toml:"status_path"` // pm.status_path of an existing php-fpm; empty: not asked
	Reserve         int      `toml:"reserve"`     // workers of an existing php-fpm that are left to others
	IdleTimeout     Duration `toml:"idle_timeout"`
	Timeout         Duration `toml:"timeout"`          // of one event; 0: no limit
	UnavailableWait Duration `toml:"unavailable_wait"` // of events for a php-fpm that is away
	Initialize      string   `toml:"initialize"`       // "every" or "once"
	OnError         string   `toml:"on_error"`         // "continue" or "close"
}

const (
	// HeldUp is how long an event runs in the alone worker before nothing more is sent after it, since it may never end.
	HeldUp = time.Second
	// LongEvent is how long an event takes that is worth a warning, unless it is ended before. Another comes each time that has doubled.
	LongEvent = 10 * time.Second
	// lastLimit is the time limit of the server's last events where others have none: the end must come.
	lastLimit = 30 * time.Second
)

// LastTimeout returns the time limit of ws_server_shutdown, and of ws_server_finalize.
func (c *PHP) LastTimeout() time.Duration { return cmp.Or(c.Timeout.Std(), lastLimit) }

// Endpoint splits FastCGI, "unix:/path" or "tcp:host:port", into the arguments of net.Dial. ok is false if it is neither.
func (c *PHP) Endpoint() (network, address string, ok bool) { return endpoint(c.FastCGI) }

func endpoint(s string) (network, address string, ok bool) {
	network, address, _ = strings.Cut(s, ":")
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

// External reports whether php-fpm is an existing one, which wsbridge does not run.
func (c *PHP) External() bool { return c.FastCGI != "" }

// Connections returns the most connections to php-fpm. Each holds a worker as long as it is kept.
func (c *PHP) Connections() int {
	switch {
	case c.MaxConnections > 0:
		return c.MaxConnections
	case c.External():
		return externalConnections
	}
	return c.Workers
}

// ConnectionsTo returns the most connections to an existing php-fpm with this status; nil: unknown. Of a pool of fixed size,
// Reserve workers are left to others. Any other pool can have at least as many workers as it has now.
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
	c.residents(p)
	c.number("php.workers", p.Workers, 1, maxWorkers)
	most := maxWorkers
	if !p.External() {
		most = max(p.Workers, 1) // one more connection would wait for a worker for ever
	}
	c.number("php.max_connections", p.MaxConnections, 0, most)
	c.require(isStatusPath(p.StatusPath), "php.status_path", p.StatusPath, `want a path such as "/status", or nothing`)
	c.number("php.reserve", p.Reserve, 0, maxWorkers)
	c.require(isMemoryLimit(p.MemoryLimit), "php.memory_limit", p.MemoryLimit, `want php.ini notation, such as "512M", or "-1" for none`)
	c.require(p.Timeout >= 0, "php.timeout", p.Timeout, "want zero, which is no limit, or more")
	c.name("php.user", p.User)
	c.name("php.group", p.Group)
	c.oneOf("php.initialize", p.Initialize, "every", "once")
	c.oneOf("php.on_error", p.OnError, "continue", "close")
}

// isStatusPath accepts what php-fpm accepts as pm.status_path.
func isStatusPath(s string) bool { return regexp.MustCompile(`^(/[a-zA-Z0-9/_.~-]+)?$`).MatchString(s) }

// MemoryBytes returns MemoryLimit in bytes, or 0 if there is none.
func (c *PHP) MemoryBytes() int64 {
	n, err := strconv.ParseInt(strings.TrimRight(c.MemoryLimit, "KkMmGg"), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	switch strings.ToUpper(strings.TrimLeft(c.MemoryLimit, "0123456789")) {
	case "K":
		return n << 10
	case "M":
		return n << 20
	case "G":
		return n << 30
	}
	return n
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
