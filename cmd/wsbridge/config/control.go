package config

import (
	"errors"
	"io/fs"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// Control is about the operators' access to the server.
type Control struct {
	Listen     Addresses `toml:"listen"`      // see Addresses; empty: nowhere
	Group      string    `toml:"group"`       // may open unix sockets; empty: only their owner may
	TokenFile  string    `toml:"token_file"`  // absolute after loading; of a token with RoleOperate; empty: no such token
	Tokens     Tokens    `toml:"tokens"`      // more tokens, with their roles
	PublicPath string    `toml:"public_path"` // begins and ends with a slash; empty: not on the clients' listener
}

// AutoAddress lets the program choose the path of a unix socket.
const AutoAddress = "auto"

// Addresses are "unix:/path", "host:port" or AutoAddress. In TOML a string means a list of one, and an empty string an
// empty list.
type Addresses []string

var errAddresses = errors.New(`want an address, such as "unix:/run/wsbridge/control.sock", a list of some, or "auto"`)

// UnmarshalTOML accepts a string or a list of strings.
func (a *Addresses) UnmarshalTOML(data any) error {
	switch v := data.(type) {
	case string:
		*a = Addresses{}
		if v != "" {
			*a = Addresses{v}
		}
		return nil
	case []any:
		*a = Addresses{}
		for _, item := range v {
			s, ok := item.(string)
			if !ok {
				return errAddresses
			}
			*a = append(*a, s)
		}
		return nil
	}
	return errAddresses
}

// HasTokens reports whether there is any token. Without one, TCP serves health and metrics only.
func (c *Control) HasTokens() bool { return c.TokenFile != "" || len(c.Tokens) > 0 }

// absolute makes paths absolute. Those that are still relative start at dir.
func (c *Control) absolute(dir string) {
	c.TokenFile = Absolute(dir, c.TokenFile)
	c.Tokens.absolute(dir)
}

// SocketMode returns the permissions of unix sockets.
func (c *Control) SocketMode() fs.FileMode {
	if c.Group != "" {
		return 0o660
	}
	return 0o600
}

func (c *checker) control(s *Control) {
	for i, address := range s.Listen {
		switch {
		case slices.Contains(s.Listen[:i], address):
			c.require(false, "control.listen", address, "want it once")
		case address == AutoAddress:
		case !isControlAddress(address):
			c.require(false, "control.listen", address, `want "unix:/path", "host:port" or "auto"`)
		default:
			c.require(s.HasTokens() || isPrivate(address), "control.listen", address,
				"want control.token_file or control.tokens, too, for what others than this machine can reach")
		}
	}
	c.name("control.group", s.Group)
	c.require(isPublicPath(s.PublicPath), "control.public_path", s.PublicPath,
		`want a path that begins and ends with a slash, such as "/wsbridge/", or nothing`)
	c.require(s.PublicPath == "" || s.HasTokens(), "control.public_path", s.PublicPath, "want control.token_file or control.tokens, too")
	c.tokens(s.Tokens)
}

func isControlAddress(address string) bool {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		return filepath.IsAbs(path) && !strings.ContainsFunc(path, unicode.IsControl)
	}
	return isHostPort(address)
}

// isPrivate reports whether only this machine can reach the address.
func isPrivate(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	return strings.HasPrefix(address, "unix:") || host == "localhost" || net.ParseIP(host).IsLoopback()
}

func isPublicPath(s string) bool {
	return s == "" || len(s) > 2 && s[len(s)-1] == '/' && isStatusPath(s) && !strings.Contains(s, "//")
}
