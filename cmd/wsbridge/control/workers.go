package control

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"
)

const (
	// recycleTimeout bounds the end of the current event, and starting another worker.
	recycleTimeout = 2 * time.Minute
	// killTimeout bounds the end of a process, which php-fpm may have to kill.
	killTimeout = time.Minute
)

func (s *Server) workers(http.ResponseWriter, *http.Request) (any, error) {
	return s.cfg.Residents(), nil
}

// recycle has the worker that runs events replaced, and waits for that.
func (s *Server) recycle(w http.ResponseWriter, r *http.Request) (any, error) {
	if !s.cfg.Residents().Enabled {
		return nil, errNoResidents()
	}
	extend(w, recycleTimeout)
	ctx, cancel := context.WithTimeout(r.Context(), recycleTimeout)
	defer cancel()
	recycled, err := s.cfg.Recycle(ctx)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return nil, errorf(http.StatusGatewayTimeout, "the worker's event has not ended within %v: it is replaced after that, and POST /v1/workers/kill (wsbridge workers kill) ends it", recycleTimeout)
	case err != nil:
		return nil, errorf(http.StatusServiceUnavailable, "%v", err)
	}
	return recycled, nil
}

// kill ends a worker and the event that it runs, and waits for that.
func (s *Server) kill(w http.ResponseWriter, r *http.Request) (any, error) {
	if !s.cfg.Residents().Enabled {
		return nil, errNoResidents()
	}
	pid, err := pidOf(r)
	if err != nil {
		return nil, err
	}
	extend(w, killTimeout)
	ctx, cancel := context.WithTimeout(r.Context(), killTimeout)
	defer cancel()
	killed, err := s.cfg.Kill(ctx, pid)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, errorf(http.StatusGatewayTimeout, "the worker's process has not ended within %v: the log says why", killTimeout)
	}
	return killed, err
}

// pidOf returns the process id that the query has; 0: it has none.
func pidOf(r *http.Request) (int, error) {
	text := r.URL.Query().Get("pid")
	if text == "" {
		return 0, nil
	}
	pid, err := strconv.Atoi(text)
	if err != nil || pid < 1 {
		return 0, errorf(http.StatusBadRequest, "pid=%s: want the process id of a worker", text)
	}
	return pid, nil
}

func errNoResidents() error {
	return errorf(http.StatusConflict, "there are no resident workers: php.resident and its pool decide")
}
