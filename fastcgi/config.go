package fastcgi

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path"
	"strings"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// maxPath bounds the configured paths (Linux's PATH_MAX), so that the WSBRIDGE_ parameters fit one record.
const maxPath = 4096

// Config says how to reach php-fpm and what to run there. Paths are as php-fpm sees them, absolute.
type Config struct {
	Network string // "unix" or "tcp"
	Address string // the socket's path, or host:port

	Script       string // the PHP half's entry script
	EventsFile   string // the application's push_server_events.php
	SettingsFile string // the legacy settings file; empty if there is none
	Presence     string // the file of a Presence; empty if there is none
	// SettingsCopies is a folder for copies of the settings file that PHP reads faster, for the eyes of php-fpm's user alone. Empty: none is
	// made. The caller removes it.
	SettingsCopies string
	// InitializeOnce leaves ws_server_initialize to the event of that name. Otherwise it runs in each request.
	InitializeOnce bool

	// MaxConnections bounds the connections, idle ones included. Each occupies one worker. Default 4.
	MaxConnections int
	// IdleTimeout is how long an unused connection is kept. Default 5 s. The package documentation says how php-fpm counts
	// that time.
	IdleTimeout time.Duration
	// DialTimeout bounds connecting. Default 5 s.
	DialTimeout time.Duration
	// Timeout bounds an exchange from the first byte written to the end of the answer. That includes the wait for a worker in
	// php-fpm's backlog and the time spent in apply. 0: there is no limit.
	Timeout time.Duration
	// MaxPayload bounds the payload of an effect, in bytes. Default 16 MiB.
	MaxPayload int

	// EndStdin ends each body with the empty record that the protocol asks for (FastCGI 1.0, section 5.3) and that FastCGI
	// libraries wait for. php-fpm does not. Without the record, a unix socket tells unread requests from read ones.
	EndStdin bool

	// Supervisor knows whether php-fpm runs if the socket does not tell, because it accepts connections without php-fpm. Default: the socket
	// tells.
	Supervisor Supervisor

	// StatusPage is what Client.Status reads. Default: none.
	StatusPage StatusPage

	// LogPayloads lets log lines and errors show what clients have sent. By default it is redacted from what PHP says, as far as
	// it can be recognized.
	LogPayloads bool

	// Logger gets what php-fpm writes to the error stream of a request. Default: nothing is logged.
	Logger *slog.Logger
}

// withDefaults returns c with defaults for what is not set, and checks it.
func (c Config) withDefaults() (Config, error) {
	c.MaxConnections = cmp.Or(c.MaxConnections, 4)
	c.IdleTimeout = cmp.Or(c.IdleTimeout, 5*time.Second)
	c.DialTimeout = cmp.Or(c.DialTimeout, 5*time.Second)
	c.MaxPayload = cmp.Or(c.MaxPayload, 16<<20)
	c.Logger = cmp.Or(c.Logger, slog.New(slog.DiscardHandler))
	return c, c.check()
}

// ownTimeout bounds an exchange in which no handler runs. It is no shorter for an application with a short limit for its handlers.
func (c *Config) ownTimeout() time.Duration { return max(c.Timeout, 30*time.Second) }

// limitOf bounds an exchange of these events; 0: there is no limit.
func (c *Config) limitOf(events []*protocol.Event) time.Duration {
	if events[0].Kind.IsQuestion() {
		return c.ownTimeout()
	}
	return c.Timeout
}

func (c *Config) check() error {
	host, port, err := net.SplitHostPort(c.Address)
	switch {
	case c.Network == "unix" && path.IsAbs(c.Address):
	case c.Network == "tcp" && err == nil && host != "" && port != "":
	default:
		return fmt.Errorf("address %q %q: want unix and an absolute path, or tcp and host:port", c.Network, c.Address)
	}
	for _, p := range []struct{ name, value string }{
		{"script", c.Script}, {"events file", c.EventsFile}, {"settings file", c.SettingsFile}, {"presence file", c.Presence},
		{"folder for settings", c.SettingsCopies},
	} {
		if p.value == "" && p.name != "script" && p.name != "events file" {
			continue
		}
		if !path.IsAbs(p.value) || len(p.value) > maxPath || strings.ContainsAny(p.value, forbidden) {
			return fmt.Errorf("%s %q: want an absolute path", p.name, p.value)
		}
	}
	if c.MaxConnections < 0 || c.MaxPayload < 0 || min(c.IdleTimeout, c.DialTimeout, c.Timeout) < 0 {
		return errors.New("negative limit or time")
	}
	return nil
}
