package control

import "net/http"

func (s *Server) journal(http.ResponseWriter, *http.Request) (any, error) {
	return s.cfg.Journal(), nil
}
