package config

import (
	"net"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
)

// acme checks the keys of certificates that an authority issues by itself (RFC 8555).
func (c *checker) acme(s *Server) {
	const key = "server.acme"
	for _, name := range s.ACME {
		c.require(isDNSName(name), key, name, `want a host name in small letters, such as "push.example.com"`)
	}
	c.require(len(s.ACME) == 0 || s.TLSCert == "" && s.TLSKey == "", key, strings.Join(s.ACME, ", "),
		"want either this or server.tls_cert and server.tls_key")
	u, err := url.Parse(s.ACMEDirectory)
	c.require(err == nil && u.Scheme == "https" && u.Host != "", "server.acme_directory", s.ACMEDirectory, "want a URL that begins with https://")
	_, err = mail.ParseAddress(s.ACMEEmail)
	c.require(s.ACMEEmail == "" || err == nil && !strings.ContainsFunc(s.ACMEEmail, notPrintable), "server.acme_email", s.ACMEEmail, "want an address, or nothing")
}

// isDNSName reports whether an authority can check the name by asking the server: it has a dot, and is no address and no pattern.
// Names in other scripts are written as DNS has them, "xn--…".
func isDNSName(name string) bool {
	return len(name) <= 253 && net.ParseIP(name) == nil &&
		regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`).MatchString(name)
}
