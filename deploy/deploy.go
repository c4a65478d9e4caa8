// Package deploy embeds the annotated wsbridge.toml and the client for browsers. The other files in its folder are for
// installing wsbridge.
package deploy

import _ "embed"

//go:embed wsbridge.toml
var config string

// Config is wsbridge.toml, which explains every key and sets each to its default.
func Config() string { return config }

//go:embed client/wsbridge.js
var client []byte

// Client is wsbridge.js, a WebSocket for browsers that reconnects.
func Client() []byte { return client }
