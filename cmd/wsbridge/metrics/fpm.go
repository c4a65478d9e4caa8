package metrics

import (
	"context"
	"time"

	"github.com/wsbridge/wsbridge/fastcgi"
)

// fpmTimeout bounds each question to php-fpm for one scrape.
const fpmTimeout = 2 * time.Second

// Pool is the connections to php-fpm: how many there are, and may be.
type Pool struct {
	Connections, Limit int
	Waiting            int // connections that no worker has answered yet
	Restarts           int // of a php-fpm that is wsbridge's own
}

// WatchFPM adds the metrics of the php-fpm that events go to: of the connections to it, and of its status page. The latter are missing
// while php-fpm has no status page or does not answer in time, since all its workers may be busy.
func (m *Metrics) WatchFPM(pool func() Pool, status func(context.Context) (*fastcgi.Status, error)) {
	m.registry.MustRegister(collector(func(a answer) {
		p := pool()
		gauge(a, "fpm_connections", "Connections to php-fpm; each holds a worker.", p.Connections)
		gauge(a, "fpm_connections_limit", "How many connections to php-fpm there may be.", p.Limit)
		gauge(a, "fpm_connections_waiting", "Connections to php-fpm that no worker has answered yet.", p.Waiting)
		counter(a, "fpm_restarts_total", "How often wsbridge's own php-fpm ended by itself and was started again.", p.Restarts)
		ctx, cancel := context.WithTimeout(context.Background(), fpmTimeout)
		defer cancel()
		s, err := status(ctx)
		if err != nil {
			return
		}
		gauge(a, "fpm_workers", "php-fpm's workers.", s.Workers)
		gauge(a, "fpm_idle_workers", "Workers of php-fpm that wait for a connection; one whose connection is kept is not idle.", s.Idle)
		counter(a, "fpm_max_children_reached_total", "How often php-fpm needed more than pm.max_children workers.", s.MaxChildrenReached)
		counter(a, "fpm_slow_requests_total", "Requests over php-fpm's request_slowlog_timeout.", s.SlowRequests)
	}))
}
