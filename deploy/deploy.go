// Package deploy embeds the annotated wsbridge.toml. The other files in its folder are for installing wsbridge.
package deploy

import _ "embed"

//go:embed wsbridge.toml
var config string

// Config is wsbridge.toml, which explains every key and sets each to its default.
func Config() string { return config }
