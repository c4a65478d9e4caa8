package control

import (
	"context"
	"net/http"
	"strings"
)

// page returns the handler of the dashboard, if there is one.
func (s *Server) page() http.Handler {
	if s.cfg.Dashboard == nil {
		return http.HandlerFunc(notFound)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			notAllowed([]string{http.MethodGet})(w, r)
			return
		}
		s.cfg.Dashboard.ServeHTTP(w, r)
	})
}

// Public returns a handler for requests below path, which starts and ends with a slash, on the clients' listener. It wants the token for
// everything but the dashboard's files. Streams end when a drain begins, since the drain waits for them.
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
	if no := s.authenticate(r); no != nil {
		fail(w, no)
		return
	}
	s.handler.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), publicKey{}, true)))
}

type publicKey struct{}

// isPublic reports whether a request came to the clients' listener.
func isPublic(r *http.Request) bool { return r.Context().Value(publicKey{}) != nil }
