package control

import (
	"context"
	"fmt"
	"net/http"
	"net/http/pprof"
)

func alive(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "alive") }

// ready answers whether new clients are taken: php-fpm answers, and there is no pause and no shutdown.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	if err := s.probe(r.Context()); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ready")
}

func (s *Server) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	return s.cfg.Ready(ctx)
}

// profiles returns the handler of net/http/pprof's pages. A profile takes as long as its parameter says.
func profiles() http.Handler {
	mux := http.NewServeMux()
	for path, h := range map[string]http.HandlerFunc{
		"": pprof.Index, "cmdline": pprof.Cmdline, "profile": pprof.Profile, "symbol": pprof.Symbol, "trace": pprof.Trace,
	} {
		mux.Handle("/debug/pprof/"+path, h)
	}
	return mux
}
