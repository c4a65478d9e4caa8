// Package config reads the configuration: flags, a TOML file, the legacy settings file of the original server, and the defaults.
// Load joins them, checks the result, and reports every problem with the key, the bad value and where it was written.
//
// deploy/wsbridge.toml, which is embedded, defines the keys: what each means, its default, and whom a reload reaches (keys.go).
// server.go, php.go and so on have the type and the checks of the keys in the table of that name, config.go those of the small tables.
// retired.go has the keys of older files. Nothing here keeps state, so everything may be called concurrently.
package config

import (
	"fmt"
	"time"
)

// Config is everything that can be configured.
type Config struct {
	Server    Server    `toml:"server"`
	Legacy    Legacy    `toml:"legacy"`
	PHP       PHP       `toml:"php"`
	Isolation Isolation `toml:"isolation"`
	Globals   Globals   `toml:"globals"`
	Loop      Loop      `toml:"loop"`
	Pipe      Pipe      `toml:"pipe"`
	Journal   Journal   `toml:"journal"`
	Control   Control   `toml:"control"`
	Trace     Trace     `toml:"trace"`
	Log       Log       `toml:"log"`

	// Notes tell the operator what may not be meant, although the server can start. They are to be logged as warnings, once.
	Notes []string `toml:"-"`
	// Constants are the names of the application's constants in the legacy settings file. Only PHP reads their values, which may
	// be passwords.
	Constants []string `toml:"-"`
}

// Default returns the defaults, which lack only the events file.
func Default() Config { return readAnnotated().defaults() }

// leastLoop is the shortest interval. Original servers were set to 0 or little more for quick replies, which do not wait for the
// loop here; each call is a request to php-fpm.
const leastLoop = 10 * time.Millisecond

// Loop is about ws_server_loop.
type Loop struct {
	Interval       Duration `toml:"interval"`
	WithoutClients string   `toml:"without_clients"` // "auto", "on" or "off", see LoopsWithoutClients
}

// LoopsWithoutClients reports whether ws_server_loop is called while nobody is connected. In a worker that stays a call costs next to
// nothing.
func (c *Config) LoopsWithoutClients() bool {
	return c.Loop.WithoutClients == "on" || c.Loop.WithoutClients == "auto" && c.PHP.HasResidents()
}

func (c *checker) loop(l *Loop) {
	c.require(l.Interval <= 0 || l.Interval.Std() >= leastLoop, "loop.interval", l.Interval, fmt.Sprintf("want %v or more", leastLoop))
	c.oneOf("loop.without_clients", l.WithoutClients, "auto", "on", "off")
}

// Pipe is about the named pipe.
type Pipe struct {
	Path        string   `toml:"path"` // absolute; empty: no pipe
	Mode        FileMode `toml:"mode"`
	MaxDocument ByteSize `toml:"max_document"`
}

func (c *checker) pipe(p *Pipe) {
	c.require(p.Mode != 0 && p.Mode&^0o777 == 0, "pipe.mode", p.Mode, `want permission bits, such as "0660"`)
	c.size("pipe.max_document", p.MaxDocument, 1)
}

// Log is about wsbridge's own log.
type Log struct {
	Level  string `toml:"level"`  // "debug", "info", "warn" or "error"
	Format string `toml:"format"` // "text", "json", "journal" or "auto"
	Legacy bool   `toml:"legacy"` // also write the original's daily file; needs Folder
	// Payloads lets level "debug" show messages of clients and to clients.
	Payloads bool `toml:"payloads"`

	Folder string `toml:"-"` // of the daily file: WEBSOCKET_LOG_PATH of the legacy settings file, absolute
}

func (c *checker) log(l *Log) {
	c.oneOf("log.level", l.Level, "debug", "info", "warn", "error")
	c.oneOf("log.format", l.Format, "auto", "text", "json", "journal")
	c.require(!l.Legacy || l.Folder != "", "log.legacy", l.Legacy, "want WEBSOCKET_LOG_PATH in a legacy settings file")
}
