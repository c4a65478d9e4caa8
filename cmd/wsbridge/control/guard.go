package control

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
)

// guardFor returns the handler for requests to l.
func (s *Server) guardFor(l net.Listener) http.Handler {
	host, _, _ := net.SplitHostPort(l.Addr().String())
	guard := func(r *http.Request) *api.Error { return s.guard(r, host) }
	if l.Addr().Network() == "unix" {
		guard = guardUnix
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if no := guard(r); no != nil {
			fail(w, no)
			return
		}
		s.handler.ServeHTTP(w, r)
	})
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

// guard refuses what a request over TCP may not ask. A page of another site must not reach the API through its visitor's browser:
// neither with a request of its own (Origin), nor under a name of its own that it lets resolve to this machine (Host, DNS rebinding).
func (s *Server) guard(r *http.Request, host string) *api.Error {
	switch {
	case (s.cfg.Token == "" || isBrowser(r)) && !isSafeHost(r, host):
		return errorf(http.StatusForbidden, "host %q is not allowed: use an IP address, localhost, or the name in control.listen", r.Host)
	case !sameOrigin(r):
		return foreignOrigin(r)
	case s.cfg.Token == "" && !isOpenToAll(r):
		return errorf(http.StatusForbidden, "over TCP this needs a token: name its file in control.token_file, or use the unix socket")
	}
	return s.authenticate(r)
}

// authenticate wants the token (RFC 6750, section 2.1), except for health checks and the dashboard's files: these hold no secret, and a
// browser cannot send a token for them.
func (s *Server) authenticate(r *http.Request) *api.Error {
	if s.cfg.Token == "" || isHealth(r) || isPage(r) {
		return nil
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	// Hashes are of one length, so the time tells not even the length of the token.
	got, want := sha256.Sum256([]byte(strings.TrimSpace(token))), sha256.Sum256([]byte(s.cfg.Token))
	if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
		return errorf(http.StatusUnauthorized, "want the header \"Authorization: Bearer TOKEN\" with the token of control.token_file")
	}
	return nil
}

func isHealth(r *http.Request) bool { return r.URL.Path == "/healthz" || r.URL.Path == "/readyz" }

// isOpenToAll reports whether everybody on this machine may see the answer.
func isOpenToAll(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && (isHealth(r) || r.URL.Path == "/metrics")
}

// isPage reports whether the request can only be for one of the dashboard's files.
func isPage(r *http.Request) bool {
	return !slices.ContainsFunc([]string{"/v1/", "/metrics", "/debug/"}, func(p string) bool { return strings.HasPrefix(r.URL.Path, p) })
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
