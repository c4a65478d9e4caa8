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
