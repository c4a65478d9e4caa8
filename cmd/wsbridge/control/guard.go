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

// guardFor returns the handler for those who come in at l. Who can open the unix socket may do everything.
func (s *Server) guardFor(l net.Listener) http.Handler {
	if l.Addr().Network() == "unix" {
		return s.handler
	}
	host, _, _ := net.SplitHostPort(l.Addr().String())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if no := s.guard(r, host); no != nil {
			fail(w, no)
			return
		}
		s.handler.ServeHTTP(w, r)
	})
}

// guard refuses what a request over TCP may not ask. A page of another site must not reach it through its visitor's browser:
// not by a request of its own (Origin), nor under a name of its own that it has made resolve to this machine (Host).
func (s *Server) guard(r *http.Request, host string) *api.Error {
	switch {
	case (s.cfg.Token == "" || isBrowser(r)) && !rightHost(r, host):
		return refusal(http.StatusForbidden, "host %q is not allowed: use an IP address, localhost, or the name in control.listen", r.Host)
	case !sameOrigin(r):
		return refusal(http.StatusForbidden, "origin %q is not allowed: only pages of this server may ask", r.Header.Get("Origin"))
	case s.cfg.Token == "" && !seenByAll(r):
		return refusal(http.StatusForbidden, "over TCP this needs a token: name its file in control.token_file, or use the unix socket")
	}
	return s.authenticate(r)
}

// authenticate wants the token (RFC 6750, section 2.1). The dashboard's own files hold no secret, and a browser cannot send
// one for them.
func (s *Server) authenticate(r *http.Request) *api.Error {
	if s.cfg.Token == "" || isHealth(r) || isPage(r) {
		return nil
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	// Hashed, so that not even the length shows in the time that it takes.
	got, want := sha256.Sum256([]byte(strings.TrimSpace(token))), sha256.Sum256([]byte(s.cfg.Token))
	if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
		return refusal(http.StatusUnauthorized, "want the header \"Authorization: Bearer TOKEN\" with the token of control.token_file")
	}
	return nil
}

func isHealth(r *http.Request) bool { return r.URL.Path == "/healthz" || r.URL.Path == "/readyz" }

// seenByAll is what everybody on this machine may see.
func seenByAll(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && (isHealth(r) || r.URL.Path == "/metrics")
}

// isPage reports whether the request can only be for one of the dashboard's files.
func isPage(r *http.Request) bool {
	return !slices.ContainsFunc([]string{"/v1/", "/metrics", "/debug/"}, func(p string) bool { return strings.HasPrefix(r.URL.Path, p) })
}

func isBrowser(r *http.Request) bool {
	return r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "" || strings.HasPrefix(r.UserAgent(), "Mozilla/")
}

// rightHost accepts names that nobody else can make resolve to this machine.
func rightHost(r *http.Request, listen string) bool {
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
