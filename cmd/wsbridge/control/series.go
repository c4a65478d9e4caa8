package control

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsbridge/wsbridge/bridge"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
)

const (
	seriesInterval = 2 * time.Second
	seriesPoints   = 300 // ten minutes
	// watchedFor is how long after somebody has looked php-fpm is still asked.
	watchedFor = time.Minute
)

// Series is what has happened in the last ten minutes. It is a bridge.Observer.
type Series struct {
	bridge.Nobody // the bridge itself counts the rest

	queue, connect, wait, run, apply, total histogram

	looked atomic.Int64 // when somebody looked, in nanoseconds since 1970

	mu     sync.Mutex // guards points
	points []api.Point
}

// NewSeries returns one that waits for Start to collect it.
func NewSeries() *Series { return &Series{} }

// Event records where an event's time went.
func (s *Series) Event(o bridge.Observation) {
	s.queue.add(o.Queue)
	s.connect.add(o.Connect)
	s.wait.add(o.Wait)
	s.run.add(o.Run)
	s.apply.add(o.Apply)
	s.total.add(o.Total)
}

// look notes that somebody does.
func (s *Series) look() { s.looked.Store(time.Now().UnixNano()) }

func (s *Series) isWatched() bool { return time.Since(time.Unix(0, s.looked.Load())) < watchedFor }

// collect makes a point every interval until ctx ends.
func (s *Series) collect(ctx context.Context, b *bridge.Bridge, workers func(context.Context) *api.Workers) {
	tick := time.NewTicker(seriesInterval)
	defer tick.Stop()
	before := b.Totals()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		now := b.Totals()
		p := s.point(now, before)
		if w := workers(ctx); w != nil {
			p.WorkersActive, p.WorkersIdle, p.WorkersQueue = &w.Active, &w.Idle, &w.Queue
		}
		s.add(p)
		before = now
	}
}

// point takes what has come together since before.
func (s *Series) point(now, before bridge.Totals) api.Point {
	return api.Point{
		Time: stamp(time.Now()), Connections: now.Open, Waiting: now.Waiting,
		Accepted: now.Accepted - before.Accepted, Failed: now.Failed - before.Failed,
		Events:   now.Done + now.Failed - before.Done - before.Failed,
		Received: now.Received - before.Received, Sent: now.Sent - before.Sent,
		Queue: s.queue.take(), Connect: s.connect.take(), Wait: s.wait.take(), Run: s.run.take(), Apply: s.apply.take(),
		Total: s.total.take(),
	}
}

func (s *Series) add(p api.Point) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.points) == seriesPoints {
		s.points = append(s.points[:0], s.points[1:]...)
	}
	s.points = append(s.points, p)
}

func (s *Series) all() []api.Point {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]api.Point{}, s.points...)
}

func (s *Server) series(http.ResponseWriter, *http.Request) (any, error) {
	s.cfg.Series.look()
	return api.Series{Interval: api.Of(seriesInterval), Points: s.cfg.Series.all()}, nil
}
