package serve

import (
	"errors"

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
	switch {
	case s.Predecessor != nil: // its listeners come later
	case s.sockets.control != nil:
		operators.ListenOn(s.sockets.control)
	default:
		if err := s.listenForControl(cfg.Control.Listen, operators); err != nil {
			return nil, errors.Join(err, operators.Close())
		}
	}
	if path := cfg.Control.PublicPath; path != "" {
		s.bridge.Mount(path, operators.Public(path))
	}
	return operators, nil
}

// listenForControl only warns if "auto" cannot make its socket: nobody asked for that one. A socket that another server holds ends the
// start, since that one is probably this server's predecessor, or would be taken for it by commands.
func (s *server) listenForControl(addresses config.Addresses, operators *control.Server) error {
	for _, address := range addresses {
		if address == config.AutoAddress {
			err := operators.ListenAuto()
			if errors.Is(err, control.ErrInUse) {
				return err
			}
			if err != nil {
				s.log.Warn("there is no control socket: set control.listen", "error", err)
			}
			continue
		}
		if err := operators.Listen(address); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) controlConfig(cfg *config.Config) (c control.Config, err error) {
	c = control.Config{
		Bridge: s.bridge, Metrics: s.metrics.Handler(), Times: s.metrics.Times, Dashboard: dashboard.Handler(),
		Ready: s.Ready,
		Level: s.log.Level, Logger: s.log.Logger, Status: s.status,
		Workers:     s.backend.workers,
		Residents:   s.residents,
		Journal:     s.journalContents,
		Recycle:     s.backend.recycle,
		Kill:        s.backend.kill,
		MaxMessage:  func() int64 { return int64(s.cfg.Load().Server.MaxMessage) },
		MaxDocument: int64(cfg.Pipe.MaxDocument),
		SocketMode:  cfg.Control.SocketMode(), SocketGroup: cfg.Control.Group,
	}
	if s.Load != nil {
		c.Reload = s.reload.reload
	}
	if s.Arguments != nil {
		c.Upgrade = s.upgrade
	}
	c.Tokens, err = readTokens(&cfg.Control)
	return c, err
}

// status returns what is known without asking the bridge or php-fpm.
func (s *server) status() api.Status {
	cfg, f, pool := s.cfg.Load(), s.backend.current.Load(), s.backend.pool()
	return api.Status{
		Version: s.Version, Pipe: cfg.Pipe.Path, PipeLost: s.pipeTrouble(), Config: s.ConfigFile,
		PHP: api.PHP{Managed: f.managed != nil, Address: f.asked.Network + ":" + f.asked.Address,
			Pool: api.Pool{Connections: pool.Connections, Waiting: pool.Waiting, Max: pool.Limit}},
		Application: api.Application{EventsFile: cfg.PHP.EventsFile, Isolation: cfg.Isolation.Mode},
	}
}
