package config

import "slices"

// Globals is about the application's global variables, named without the dollar sign. Those that stand in neither
// list live if the application's code lets them.
type Globals struct {
	Live   []string `toml:"live"`   // carried from event to event
	Forget []string `toml:"forget"` // at their start in each event
}

// globals checks the names in globals.live and globals.forget.
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

// isVariable reports whether PHP lets a variable have that name:
// https://www.php.net/manual/en/language.variables.basics.php
func isVariable(name string) bool {
	for i, b := range []byte(name) {
		switch {
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b == '_', b >= 0x80:
		case b >= '0' && b <= '9' && i > 0:
		default:
			return false
		}
	}
	return name != ""
}

// isReserved reports whether a global variable is set anew for each event anyway.
func isReserved(name string) bool {
	switch name {
	case "server", "sockets", "connections", "this", "GLOBALS",
		"_SERVER", "_GET", "_POST", "_FILES", "_COOKIE", "_SESSION", "_REQUEST", "_ENV":
		return true
	}
	return false
}
