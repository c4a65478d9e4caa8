package serve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/wsbridge/wsbridge/bridge"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/dashboard"
)

// startControl answers those who operate the server: at passed, the service manager's socket, or where cfg says if that is nil.
// The caller closes what it returns.
func startControl(cfg *config.Config, at *surroundings, passed net.Listener, b *bridge.Bridge, php *backend, m http.Handler,
	s *control.Series) (*control.Server, error) {
	c, err := controlConfig(cfg, at, php)
	if err != nil {
		return nil, err
	}
	c.Bridge, c.Metrics, c.Series = b, m, s
	server := control.Start(c)
	if passed != nil {
		server.ListenOn(passed)
	} else if err := listenForControl(&cfg.Control, at, server); err != nil {
		return nil, errors.Join(err, server.Close())
	}
	if cfg.Control.PublicPath != "" {
		b.Mount(cfg.Control.PublicPath, server.Public(cfg.Control.PublicPath))
	}
	return server, nil
}

// listenForControl takes it as no error if there is no place for a socket that nobody has named.
func listenForControl(cfg *config.Control, at *surroundings, server *control.Server) error {
	if cfg.Listen.Auto() {
		if err := server.ListenAuto(); err != nil {
			at.log.Warn("there is no control socket: set control.listen", "error", err)
		}
		return nil
	}
	for _, address := range cfg.Listen {
		if err := server.Listen(address); err != nil {
			return err
		}
	}
	return nil
}

func controlConfig(cfg *config.Config, at *surroundings, php *backend) (control.Config, error) {
	c := control.Config{
		Dashboard: dashboard.Handler(),
		Level:     at.log.Level, Logger: at.log.Logger, Reload: at.reload.answer(),
		Pool:        func() (connections, most int) { p := php.pool(); return p.Connections, p.Limit },
		Workers:     php.workers,
		MaxMessage:  func() int64 { return int64(at.cfg.Load().Server.MaxMessage) },
		MaxDocument: int64(cfg.Pipe.MaxDocument),
		SocketMode:  cfg.Control.SocketMode(), SocketGroup: cfg.Control.Group,
		Status: at.status,
	}
	if cfg.Control.TokenFile != "" {
		token, err := control.ReadToken(cfg.Control.TokenFile)
		if err != nil {
			return c, fmt.Errorf("control.token_file: %w", err)
		}
		c.Token = token
	}
	return c, nil
}

// status is what is known without asking anybody.
func (at *surroundings) status() api.Status {
	cfg, p := at.cfg.Load(), at.php.now.Load()
	return api.Status{
		Version: at.Version, Pipe: cfg.Pipe.Path, Config: at.ConfigFile,
		PHP:         api.PHP{Managed: p.own != nil, Address: p.address},
		Application: api.Application{EventsFile: cfg.PHP.EventsFile, Isolation: cfg.Isolation.Mode},
	}
}

// answer is reload for the control API; nil if there is nothing to reload.
func (r *reloader) answer() func(context.Context) (api.Reloaded, error) {
	if r == nil {
		return nil
	}
	return func(ctx context.Context) (api.Reloaded, error) {
		change, err := r.reload(ctx)
		if err != nil {
			return api.Reloaded{}, reloadError{err}
		}
		return api.Reloaded(change), nil
	}
}

// reloadError can list what is wrong with the configuration.
type reloadError struct{ error }

func (e reloadError) Unwrap() error { return e.error }

// Problems lists it.
func (e reloadError) Problems() []string { return config.Each(e.error) }
