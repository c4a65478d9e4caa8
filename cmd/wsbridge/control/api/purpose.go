package api

import (
	"net/http"
	"net/url"
)

// ConfigHeader names the configuration file of the server that a request is for, as an absolute path that is escaped as in a URL. A
// server that was started with another file does nothing and answers 421: at one address there may be now one server, now another.
const ConfigHeader = "Wsbridge-Config"

// For lets the client ask only the server that was started with the configuration file at path, which is absolute.
func (c *Client) For(path string) { c.config = path }

func (c *Client) setPurpose(h http.Header) {
	if c.config != "" {
		u := url.URL{Path: c.config}
		h.Set(ConfigHeader, u.EscapedPath())
	}
}

// Purpose returns the configuration file that a request names; empty: it is for any server.
func Purpose(h http.Header) (path string, err error) {
	return url.PathUnescape(h.Get(ConfigHeader))
}
