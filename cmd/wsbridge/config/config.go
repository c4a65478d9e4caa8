// Package config reads the configuration: flags, a TOML file, the legacy settings file of the original server, and the defaults.
// Load joins them, checks the result, and reports every problem with the key, the bad value and where it was written.
//
// deploy/wsbridge.toml, which is embedded, defines the keys: what each means, its default, and whom a reload reaches (keys.go).
// server.go, php.go and so on have the type and the checks of the keys in the table of that name. retired.go has the keys of older
// files. Nothing here keeps state, so everything may be called concurrently.
package config

// Config is everything that can be configured.
type Config struct {
	Server    Server    `toml:"server"`
	Legacy    Legacy    `toml:"legacy"`
	PHP       PHP       `toml:"php"`
	Isolation Isolation `toml:"isolation"`
	Globals   Globals   `toml:"globals"`
	Loop      Loop      `toml:"loop"`
	Pipe      Pipe      `toml:"pipe"`
	Control   Control   `toml:"control"`
	Log       Log       `toml:"log"`

	// Notes tell the operator what may not be meant, although the server can start. They are to be logged as warnings, once.
	Notes []string `toml:"-"`
	// Constants are the names of the application's constants in the legacy settings file. Only PHP reads their values, which may
	// be passwords.
	Constants []string `toml:"-"`
}

// Default returns the defaults, which lack only the events file.
func Default() Config { return readAnnotated().defaults() }
