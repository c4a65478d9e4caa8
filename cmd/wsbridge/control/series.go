package control

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsbridge/wsbridge/bridge"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/timing"
)

const (
	seriesInterval = 2 * time.Second
	seriesPoints   = 300 // ten minutes
	// watchedFor is how long after a request for the series or the status php-fpm is still asked for its workers.
	watchedFor = time.Minute
)

// series is what has happened in the last ten minutes.
type series struct {
	asked atomic.Int64 // when a client last asked for it, in nanoseconds since 1970

	mu     sync.Mutex // guards points
	points []api.Point
}

// ask notes that a client asks now.
func (s *series) ask() { s.asked.Store(time.Now().UnixNano()) }

func (s *series) isWatched() bool { return time.Since(time.Unix(0, s.asked.Load())) < watchedFor }

// collectSeries adds a point every interval until the Server is closed.
func (s *Server) collectSeries() {
	tick := time.NewTicker(seriesInterval)
	defer tick.Stop()
	totals, times := s.cfg.Bridge.Totals(), s.cfg.Times()
	for {
		select {
		case <-tick.C:
		case <-s.ctx.Done():
			return
		}
		totalsNow, timesNow := s.cfg.Bridge.Totals(), s.cfg.Times()
		p := point(totalsNow, totals, timesNow.Since(times))
		totals, times = totalsNow, timesNow
		p.ConnectionsWaiting = s.cfg.Status().PHP.Pool.Waiting
		if s.series.isWatched() { // asking php-fpm takes one of its workers for a moment
			if w, err := s.cfg.Workers(s.ctx); err == nil {
				p.WorkersActive, p.WorkersIdle = &w.Active, &w.Idle
			}
		}
		s.series.add(p)
	}
}

// point is an interval from before to now, in which events took these times.
func point(now, before bridge.Totals, times *timing.Times) api.Point {
	quantiles := func(i int) api.Quantiles {
		return api.Quantiles{P50: api.Of(times[i].Quantile(50)), P95: api.Of(times[i].Quantile(95))}
	}
	return api.Point{
		Time: apiTime(time.Now()), Connections: now.Open, Waiting: now.Waiting,
		Accepted: now.Accepted - before.Accepted, Failed: now.Failed - before.Failed,
		Events:   now.Done + now.Failed - before.Done - before.Failed,
		Received: now.Received - before.Received, Sent: now.Sent - before.Sent,
		Queue: quantiles(timing.Queue), Connect: quantiles(timing.Connect), Wait: quantiles(timing.Wait),
		Run: quantiles(timing.Run), Apply: quantiles(timing.Apply), Total: quantiles(timing.Total),
	}
}

func (s *series) add(p api.Point) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.points) == seriesPoints {
		s.points = append(s.points[:0], s.points[1:]...)
	}
	s.points = append(s.points, p)
}

// since returns the points after a time.
func (s *series) since(after time.Time) []api.Point {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := len(s.points)
	for first > 0 && s.points[first-1].Time.After(after) {
		first--
	}
	return append([]api.Point{}, s.points[first:]...)
}

// getSeries answers with the points after the time in the query, so that a client that asks again need not read the others again.
func (s *Server) getSeries(_ http.ResponseWriter, r *http.Request) (any, error) {
	var after time.Time
	if text := r.URL.Query().Get("after"); text != "" {
		var err error
		if after, err = time.Parse(time.RFC3339, text); err != nil {
			return nil, errorf(http.StatusBadRequest, "after=%s: want the time of a point, such as 2006-01-02T15:04:05.000Z", text)
		}
	}
	s.series.ask()
	return api.Series{Interval: api.Of(seriesInterval), Points: s.series.since(after)}, nil
}
