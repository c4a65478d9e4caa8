package serve

import (
	"context"
	"log/slog"
	"time"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/fastcgi"
)

const (
	// settled is the age, in whole seconds, at which a php-fpm has certainly started all its workers.
	settled = 2 * time.Second
	// settleInterval is how often a younger php-fpm is asked.
	settleInterval = 200 * time.Millisecond
)

// learnWorkers asks an external php-fpm how many workers it has, logs the answer, and returns how many connections there may be. It
// waits up to two seconds for a php-fpm that has just started.
func learnWorkers(ctx context.Context, cfg *config.PHP, page fastcgi.StatusPage, log *slog.Logger) int {
	log = log.With("page", page.Path)
	s, err := readSettled(ctx, page)
	connections := cfg.ConnectionsTo(s)
	switch {
	case page.Path == "":
		log.Info("php-fpm is not asked how many workers it has", "connections", connections)
	case err != nil:
		log.Warn("php-fpm does not say how many workers it has", "error", err, "connections", connections)
	case connections < cfg.MaxConnections:
		log.Warn("php.max_connections are more than php-fpm can spare", "workers", s.Workers, "connections", connections)
	case s.Fixed():
		log.Info("php-fpm says how many workers it has", "workers", s.Workers, "connections", connections)
	default:
		log.Info("php-fpm says how many workers it has now, not how many it may have", "manager", s.Manager,
			"workers", s.Workers, "connections", connections)
	}
	return connections
}

// readSettled reads the page until php-fpm is old enough to have started all its workers.
func readSettled(ctx context.Context, page fastcgi.StatusPage) (*fastcgi.Status, error) {
	tick := time.NewTicker(settleInterval)
	defer tick.Stop()
	for {
		s, err := page.Read(ctx)
		if err != nil || s.Uptime >= settled {
			return s, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// workersInterval is how often an existing php-fpm is asked again how many workers it has. Each time that takes one for a moment.
const workersInterval = 15 * time.Second

// keepWorkers keeps the number of connections true to an existing php-fpm until ctx ends: an operator may give its pool another size, and it
// may have been away at the start. A worker that is just being replaced is missing on the page, so a number has to be read twice.
func (s *server) keepWorkers(ctx context.Context) {
	tick := time.NewTicker(workersInterval)
	defer tick.Stop()
	for before := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := s.backend.otherConnections(ctx, &s.cfg.Load().PHP)
		isSure := now > 0 && now == before
		before = now
		if !isSure {
			continue
		}
		s.log.Warn("php-fpm has another number of workers than before", "connections", now)
		err := s.reload.again(ctx, func(ctx context.Context, cfg *config.Config) error {
			s.backend.cfg = fpmConfig{}
			return s.putBackend(ctx, cfg)
		})
		if err != nil && ctx.Err() == nil {
			s.log.Error("the number of connections to php-fpm could not be changed", "error", err)
		}
	}
}

// otherConnections returns how many connections there may be to an existing php-fpm, if its pool is of a fixed size and that is another number
// than there may be now, else 0.
func (b *backend) otherConnections(ctx context.Context, cfg *config.PHP) int {
	f := b.current.Load()
	if f.managed != nil || f.asked.StatusPage.Path == "" {
		return 0
	}
	s, err := f.asked.StatusPage.Read(ctx)
	if err != nil || !s.Fixed() || s.Uptime < settled {
		return 0
	}
	if n := cfg.ConnectionsTo(s); n != f.asked.MaxConnections {
		return n
	}
	return 0
}
