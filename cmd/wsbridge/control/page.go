package control

import (
	"context"
	"net/http"
	"strings"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
)

// page returns the handler of the dashboard, if there is one.
func (s *Server) page() http.Handler {
	if s.cfg.Dashboard == nil {
		return http.HandlerFunc(notFound)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if no := s.authorize(r, s.pageRole()); no != nil {
			fail(w, no)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			notAllowed([]string{http.MethodGet})(w, r)
			return
		}
		s.cfg.Dashboard.ServeHTTP(w, r)
	})
}

// pageRole returns the role for the dashboard's files. They hold no secret, and a browser cannot send a token for them; but where there is no
// token to ask for, the page could show nothing.
func (s *Server) pageRole() config.Role {
	if s.hasTokens() {
		return ""
	}
	return config.RoleRead
}

// Public returns a handler for requests below path, which starts and ends with a slash, on the clients' listener. Who asks is known by a
// token only. Streams end when a drain begins, since the drain waits for them.
func (s *Server) Public(path string) http.Handler {
	below := http.StripPrefix(strings.TrimSuffix(path, "/"), http.HandlerFunc(s.servePublic))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, path) {
			http.Redirect(w, r, path, http.StatusMovedPermanently) // the dashboard's links are relative to this folder
			return
		}
		below.ServeHTTP(w, r)
	})
}

func (s *Server) servePublic(w http.ResponseWriter, r *http.Request) {
	if !sameOrigin(r) {
		fail(w, foreignOrigin(r))
		return
	}
	ctx := context.WithValue(r.Context(), publicKey{}, true)
	s.handler.ServeHTTP(w, r.WithContext(withOperator(ctx, s.holder(r))))
}

type publicKey struct{}

// isPublic reports whether a request came to the clients' listener.
func isPublic(r *http.Request) bool { return r.Context().Value(publicKey{}) != nil }
