// Package config reads what the program is told to do: the TOML file, the legacy settings file, the flags that name them, and
// the defaults, joined and checked as one.
package config

import "fmt"

// Config is everything that can be configured. deploy/wsbridge.toml defines each key: what it means, its default, and for whom a
// reload changes it.
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

	// Notes are the operator's to know, and no reason not to start: to be logged as warnings, once.
	Notes []string `toml:"-"`
	// Constants are the names of the application constants in the legacy settings file. Their values, passwords among
	// them, are never kept: only PHP reads them.
	Constants []string `toml:"-"`
}

// Default returns a whole configuration, with the defaults of the annotated wsbridge.toml; only the events file is missing.
func Default() Config {
	cfg, found := readAnnotated().defaults()
	if err := found.err(); err != nil {
		panic(fmt.Sprintf("config: %v", err))
	}
	return cfg
}
