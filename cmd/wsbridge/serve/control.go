package serve

import (
	"errors"
	"fmt"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/dashboard"
)

// startControl starts the control API on the service manager's socket if there is one, else where cfg says. The caller closes it.
func (s *server) startControl(cfg *config.Config) (*control.Server, error) {
	c, err := s.controlConfig(cfg)
	if err != nil {
		return nil, err
	}
	operators := control.Start(c)
	if s.passed.control != nil {
		operators.ListenOn(s.passed.control)
	} else if err := s.listenForControl(cfg.Control.Listen, operators); err != nil {
		return nil, errors.Join(err, operators.Close())
	}
	if path := cfg.Control.PublicPath; path != "" {
		s.bridge.Mount(path, operators.Public(path))
	}
	return operators, nil
}

// listenForControl only warns if "auto" finds no folder for a socket: nobody asked for that socket.
func (s *server) listenForControl(addresses config.Addresses, operators *control.Server) error {
	if addresses.Auto() {
		if err := operators.ListenAuto(); err != nil {
			s.log.Warn("there is no control socket: set control.listen", "error", err)
		}
		return nil
	}
	for _, address := range addresses {
		if err := operators.Listen(address); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) controlConfig(cfg *config.Config) (control.Config, error) {
	c := control.Config{
		Bridge: s.bridge, Metrics: s.metrics.Handler(), Times: s.metrics.Times, Dashboard: dashboard.Handler(),
		Level: s.log.Level, Logger: s.log.Logger, Status: s.status,
		Workers:     s.backend.workers,
		MaxMessage:  func() int64 { return int64(s.cfg.Load().Server.MaxMessage) },
		MaxDocument: int64(cfg.Pipe.MaxDocument),
		SocketMode:  cfg.Control.SocketMode(), SocketGroup: cfg.Control.Group,
	}
	if s.Load != nil {
		c.Reload = s.reload.reload
	}
	if cfg.Control.TokenFile != "" {
		token, err := api.ReadToken(cfg.Control.TokenFile)
		if err != nil {
			return c, fmt.Errorf("control.token_file: %w", err)
		}
		c.Token = token
	}
	return c, nil
}

// status returns what is known without asking the bridge or php-fpm.
func (s *server) status() api.Status {
	cfg, f, pool := s.cfg.Load(), s.backend.current.Load(), s.backend.pool()
	return api.Status{
		Version: s.Version, Pipe: cfg.Pipe.Path, Config: s.ConfigFile,
		PHP: api.PHP{Managed: f.managed != nil, Address: f.asked.Network + ":" + f.asked.Address,
			Pool: api.Pool{Connections: pool.Connections, Max: pool.Limit}},
		Application: api.Application{EventsFile: cfg.PHP.EventsFile, Isolation: cfg.Isolation.Mode},
	}
}
