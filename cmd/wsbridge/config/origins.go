package config

import (
	"net/url"
	"strings"
)

// origins checks server.allowed_origins. They are compared with the Origin header as browsers write it (RFC 6454,
// section 6.2): scheme and host in lower case, no default port, no path.
func (c *checker) origins(allowed []string) {
	const key = "server.allowed_origins"
	for _, o := range allowed {
		switch {
		case o == "*":
			c.require(len(allowed) == 1, key, o, "want it alone: it allows every origin")
		case !isOrigin(o):
			c.require(false, key, o, `want "scheme://host" or "scheme://host:port" in lower case, such as "https://shop.example", or "*"`)
		}
	}
}

func isOrigin(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || s != u.Scheme+"://"+u.Host || s != strings.ToLower(s) {
		return false
	}
	switch u.Scheme {
	case "http":
		return u.Port() != "80" && !strings.HasSuffix(s, ":")
	case "https":
		return u.Port() != "443" && !strings.HasSuffix(s, ":")
	}
	return false
}
