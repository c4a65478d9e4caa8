package control

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
)

// guardFor returns the handler for requests to l.
func (s *Server) guardFor(l net.Listener) http.Handler {
	host, _, _ := net.SplitHostPort(l.Addr().String())
	guard, who := func(r *http.Request) *api.Error { return s.guard(r, host) }, s.overTCP
	if l.Addr().Network() == "unix" {
		guard, who = guardUnix, operatorOf // the connection's
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if no := guard(r); no != nil {
			fail(w, no)
			return
		}
		s.handler.ServeHTTP(w, r.WithContext(withOperator(r.Context(), who(r))))
	})
}

// overTCP returns who has sent a request over TCP. Without any token, everybody on this machine may read the metrics.
func (s *Server) overTCP(r *http.Request) operator {
	if !s.hasTokens() {
		return operator{role: config.RoleMetrics}
	}
	return s.holder(r)
}

// guardUnix allows everything to a program that can open the socket. A browser cannot open it, but a port that ssh forwards to it can be
// reached by pages of other sites, without a token.
func guardUnix(r *http.Request) *api.Error {
	if isBrowser(r) && !isSafeHost(r, "") {
		return errorf(http.StatusForbidden, "host %q is not allowed: use an IP address or localhost", r.Host)
	}
	if !sameOrigin(r) {
		return foreignOrigin(r)
	}
	return nil
}

func foreignOrigin(r *http.Request) *api.Error {
	return errorf(http.StatusForbidden, "origin %q is not allowed: only pages of this server may ask", r.Header.Get("Origin"))
}

// guard refuses requests over TCP that a browser may have been made to send. A page of another site must not reach the API through its visitor's browser:
// neither with a request of its own (Origin), nor under a name of its own that it lets resolve to this machine (Host, DNS rebinding).
func (s *Server) guard(r *http.Request, host string) *api.Error {
	switch {
	case (!s.hasTokens() || isBrowser(r)) && !isSafeHost(r, host):
		return errorf(http.StatusForbidden, "host %q is not allowed: use an IP address, localhost, or the name in control.listen", r.Host)
	case !sameOrigin(r):
		return foreignOrigin(r)
	}
	return nil
}

// authorize refuses a request of somebody whose role does not allow what it asks for.
func (s *Server) authorize(r *http.Request, needed config.Role) *api.Error {
	o := operatorOf(r)
	switch {
	case o.role.Allows(needed):
		return nil
	case !s.hasTokens():
		return errorf(http.StatusForbidden, "over TCP this needs a token: name its file in control.token_file, or use the unix socket")
	case o.role == "":
		return errorf(http.StatusUnauthorized, "want the header \"Authorization: Bearer TOKEN\" with a token of control.token_file or control.tokens")
	}
	return errorf(http.StatusForbidden, "the token %q has the role %q: this needs %q", o.name, o.role, needed)
}

func isBrowser(r *http.Request) bool {
	return r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "" || strings.HasPrefix(r.UserAgent(), "Mozilla/")
}

// isSafeHost reports whether the request's host is a name that nobody else can let resolve to this machine.
func isSafeHost(r *http.Request, listen string) bool {
	u := url.URL{Host: r.Host}
	name := u.Hostname()
	return net.ParseIP(name) != nil || strings.EqualFold(name, "localhost") || strings.EqualFold(name, listen)
}

func sameOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}
