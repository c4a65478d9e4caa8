package config

import (
	"regexp"
	"slices"
)

// Globals is about the application's global variables, named without the dollar sign. The code decides about variables that are in
// neither list.
type Globals struct {
	Live   []string `toml:"live"`   // carried from event to event
	Forget []string `toml:"forget"` // as the events file leaves them in each event
}

func (c *checker) globals(g *Globals) {
	for _, name := range g.Live {
		c.global("globals.live", name)
		c.require(!slices.Contains(g.Forget, name), "globals.live", name, "stands in globals.forget, too")
	}
	for _, name := range g.Forget {
		c.global("globals.forget", name)
	}
}

func (c *checker) global(key, name string) {
	c.require(isVariable(name), key, name, `want a variable's name without the dollar sign, such as "counter"`)
	c.require(!isReserved(name), key, name, "want a variable of the application's own; this one is the server's or PHP's")
}

// isVariable reports whether PHP allows the name for a variable:
// https://www.php.net/manual/en/language.variables.basics.php
func isVariable(name string) bool {
	return regexp.MustCompile(`^[a-zA-Z_\x{80}-\x{10FFFF}][a-zA-Z0-9_\x{80}-\x{10FFFF}]*$`).MatchString(name)
}

// isReserved reports whether the server or PHP sets the global variable for each event.
func isReserved(name string) bool {
	return slices.Contains([]string{"server", "sockets", "connections", "this", "GLOBALS",
		"_SERVER", "_GET", "_POST", "_FILES", "_COOKIE", "_SESSION", "_REQUEST", "_ENV"}, name)
}
