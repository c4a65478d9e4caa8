package metrics

import (
	"context"
	"time"

	"github.com/wsbridge/wsbridge/fastcgi"
)

// fpmTimeout bounds asking php-fpm anything for one scrape.
const fpmTimeout = 2 * time.Second

// Pool is the connections to php-fpm: those there are, and may be.
type Pool struct {
	Connections, Limit int
	Restarts           int // of a php-fpm of our own
}

// WatchFPM adds what there is to know of the php-fpm that events go to: of the way to it, and what it says itself. If it says
// nothing, there is no status page, or all workers are busy: a scrape is no place to report that.
func (m *Metrics) WatchFPM(pool func() Pool, status func(context.Context) (*fastcgi.Status, error)) {
	page := func() (*fastcgi.Status, bool) {
		ctx, cancel := context.WithTimeout(context.Background(), fpmTimeout)
		defer cancel()
		s, err := status(ctx)
		return s, err == nil
	}
	m.registry.MustRegister(newCollector(func() (Pool, bool) { return pool(), true }, poolReadings()),
		newCollector(page, pageReadings()))
}

func poolReadings() []reading[Pool] {
	return []reading[Pool]{
		{"fpm_connections", "Connections to php-fpm; each holds a worker.", gauge,
			func(p Pool) float64 { return float64(p.Connections) }, nil},
		{"fpm_connections_limit", "How many connections to php-fpm there may be.", gauge,
			func(p Pool) float64 { return float64(p.Limit) }, nil},
		{"fpm_restarts_total", "How often wsbridge's own php-fpm ended by itself and was started again.", counter,
			func(p Pool) float64 { return float64(p.Restarts) }, nil},
	}
}

func pageReadings() []reading[*fastcgi.Status] {
	return []reading[*fastcgi.Status]{
		{"fpm_workers", "php-fpm's workers.", gauge, func(s *fastcgi.Status) float64 { return float64(s.Workers) }, nil},
		{"fpm_idle_workers", "Workers of php-fpm that wait for a connection; one whose connection is kept is not idle.", gauge,
			func(s *fastcgi.Status) float64 { return float64(s.Idle) }, nil},
		{"fpm_listen_queue", "Connections that no worker of php-fpm has accepted yet.", gauge,
			func(s *fastcgi.Status) float64 { return float64(s.ListenQueue) }, nil},
		{"fpm_max_children_reached_total", "How often php-fpm reached pm.max_children.", counter,
			func(s *fastcgi.Status) float64 { return float64(s.MaxChildrenReached) }, nil},
		{"fpm_slow_requests_total", "Requests over php-fpm's request_slowlog_timeout.", counter,
			func(s *fastcgi.Status) float64 { return float64(s.SlowRequests) }, nil},
	}
}
