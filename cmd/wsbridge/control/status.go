package control

import (
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/wsbridge/wsbridge/bridge"
	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
)

func (s *Server) status(_ http.ResponseWriter, r *http.Request) (any, error) {
	s.series.ask()
	b, a := s.cfg.Bridge, s.cfg.Status()
	t, app := b.Totals(), b.Application()
	a.PID, a.Started, a.Uptime = os.Getpid(), apiTime(s.started), api.Of(time.Since(s.started))
	a.Ready, a.Paused, a.Draining = true, b.Paused(), isClosed(b.Draining())
	if err := s.probe(r.Context()); err != nil {
		a.Ready, a.Why = false, err.Error()
	}
	a.Connections = api.ConnectionCounts{Open: t.Open, All: t.Clients, Accepted: t.Accepted, Refused: t.Refused}
	a.Events = api.EventCounts{Running: t.Running, Waiting: t.Waiting, WaitingBytes: t.WaitingBytes, Done: t.Done, Failed: t.Failed}
	a.Messages = api.Messages(t.Messages)
	a.PHP.Version = app.PHP
	workers, err := s.cfg.Workers(r.Context())
	if err != nil {
		a.PHP.WorkersUnknown = err.Error()
	}
	a.PHP.Workers = workers
	a.Residents = s.cfg.Residents()
	a.Application.Handlers = handlers(app, a.Application.EventsFile)
	if listen := s.listen.Load(); listen != nil {
		a.Listen = *listen
	}
	a.Role = string(operatorOf(r).role)
	a.LogLevel = strings.ToLower(s.cfg.Level.Level().String())
	return a, nil
}

func handlers(app bridge.Application, events string) []api.Handler {
	folders := isolation.FoldersOf(events)
	all := make([]api.Handler, len(app.Handlers))
	for i, h := range app.Handlers {
		all[i] = api.Handler{Name: strings.TrimPrefix(h.Name, config.HandlerPrefix), Params: h.Params, Runs: h.Runs, Rows: h.Rows,
			Place: string(h.Place), Why: h.Why, File: h.File, Line: h.Line, Cells: h.Cells(folders)}
	}
	return all
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// apiTime returns a time as the API writes it.
func apiTime(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
