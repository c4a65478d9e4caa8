package control

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/protocol"
)

// Limits of the time in which a document waits for its turn and runs.
const (
	fifoTimeout    = 30 * time.Second
	maxFifoTimeout = 10 * time.Minute
)

// reloadTimeout bounds reading the configuration again and starting another php-fpm.
const reloadTimeout = 60 * time.Second

func (s *Server) fifo(w http.ResponseWriter, r *http.Request) (any, error) {
	timeout, err := timeoutOf(r)
	if err != nil {
		return nil, err
	}
	document, err := body(w, r, s.cfg.MaxDocument)
	if err != nil {
		return nil, err
	}
	if len(document) == 0 {
		return nil, errorf(http.StatusBadRequest, "the body is empty: want the document")
	}
	wait, err := flag(r.URL.Query(), "wait", true)
	if err != nil {
		return nil, err
	}
	extend(w, timeout)
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	if !wait {
		id, err := s.cfg.Bridge.Enqueue(ctx, document)
		return api.Accepted{Accepted: true, Document: id}, err
	}
	trace, err := s.cfg.Bridge.Inject(ctx, document)
	if err != nil {
		return nil, fifoError(trace, err)
	}
	a := api.Fifo{Event: apiEvent(trace, false)}
	a.Result, a.Event.Result = a.Event.Result, nil
	if a.Result == nil {
		a.Result = []byte("null")
	}
	return a, nil
}

// fifoError adds the event to the error of a handler that failed. Without a trace, the handler did not run.
func fifoError(trace *observe.Trace, err error) *api.Error {
	e := asError(err)
	if trace == nil {
		return e
	}
	failed := apiEvent(trace, false)
	e.Event = &failed
	switch {
	case errors.Is(err, protocol.ErrTimeout):
		e.Status = http.StatusGatewayTimeout
	case e.Status == http.StatusInternalServerError:
		e.Status = http.StatusUnprocessableEntity
	}
	return e
}

func timeoutOf(r *http.Request) (time.Duration, error) {
	text := r.URL.Query().Get("timeout")
	if text == "" {
		return fifoTimeout, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 || d > maxFifoTimeout {
		return 0, errorf(http.StatusBadRequest, `timeout=%s: want a duration with a unit, up to %v, such as "10s"`, text, maxFifoTimeout)
	}
	return d, nil
}

// extend lets an answer take d longer than other answers.
func extend(w http.ResponseWriter, d time.Duration) {
	c := http.NewResponseController(w)
	// They fail only on a connection that has ended.
	_ = c.SetReadDeadline(time.Time{}) // it would end the request
	_ = c.SetWriteDeadline(time.Now().Add(d + requestTimeout))
}

func (s *Server) pause(http.ResponseWriter, *http.Request) (any, error) {
	if err := s.cfg.Bridge.Pause(); err != nil {
		return nil, err
	}
	return api.Done{"paused": true}, nil
}

func (s *Server) resume(http.ResponseWriter, *http.Request) (any, error) {
	s.cfg.Bridge.Resume()
	return api.Done{"paused": false}, nil
}

func (s *Server) drain(http.ResponseWriter, *http.Request) (any, error) {
	s.cfg.Bridge.Drain()
	return api.Done{"draining": true}, nil
}

func (s *Server) reload(w http.ResponseWriter, r *http.Request) (any, error) {
	if s.cfg.Reload == nil {
		return nil, errorf(http.StatusConflict, "there is no configuration to read again")
	}
	extend(w, reloadTimeout)
	ctx, cancel := context.WithTimeout(r.Context(), reloadTimeout)
	defer cancel()
	change, err := s.cfg.Reload(ctx)
	if err != nil {
		return nil, &api.Error{Status: http.StatusUnprocessableEntity, Problems: config.Each(err),
			Text: "nothing was reloaded: the configuration has problems"}
	}
	return api.Reloaded(change), nil
}

func (s *Server) log(http.ResponseWriter, *http.Request) (any, error) {
	return api.Log{Level: strings.ToLower(s.cfg.Level.Level().String())}, nil
}

func (s *Server) setLog(w http.ResponseWriter, r *http.Request) (any, error) {
	var body api.Log
	if err := decode(w, r, &body); err != nil {
		return nil, err
	}
	switch body.Level {
	case "debug", "info", "warn", "error":
	default:
		return nil, errorf(http.StatusBadRequest, `level %q: want "debug", "info", "warn" or "error"`, body.Level)
	}
	_ = s.cfg.Level.UnmarshalText([]byte(body.Level)) // slog knows these names
	s.cfg.Logger.Warn("the log's level has changed", "level", body.Level)
	return body, nil
}
