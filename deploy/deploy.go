// Package deploy holds what wsbridge is installed with, for the program to hand out.
package deploy

import _ "embed"

//go:embed wsbridge.toml
var config string

// Config is wsbridge.toml, which explains every key and sets each to its default.
func Config() string { return config }
