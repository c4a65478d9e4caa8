package config

import (
	"net"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/wsbridge/wsbridge/fastcgi"
)

// externalConnections is how many connections wsbridge keeps to a php-fpm whose number of workers it cannot know: fewer
// than the five that Debian's default pool has.
const externalConnections = 4

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
