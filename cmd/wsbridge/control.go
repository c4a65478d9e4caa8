package main

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/wsbridge/wsbridge/bridge"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/dashboard"
	"github.com/wsbridge/wsbridge/fastcgi"
)

// startControl answers those who operate the server, wherever cfg says. The caller closes what it returns.
func startControl(cfg *config.Config, at *surroundings, b *bridge.Bridge, php *php, client *fastcgi.Client, m http.Handler, s *control.Series) (*control.Server, error) {
	c, err := controlConfig(cfg, at, php, client)
	if err != nil {
		return nil, err
	}
	c.Bridge, c.Metrics, c.Series = b, m, s
	server := control.Start(c)
	if err := listenForControl(&cfg.Control, at, server); err != nil {
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

func controlConfig(cfg *config.Config, at *surroundings, php *php, client *fastcgi.Client) (control.Config, error) {
	build, _ := debug.ReadBuildInfo()
	c := control.Config{
		Dashboard: dashboard.Handler(),
		Level:     at.level, Logger: at.log, Reload: at.reload,
		Pool: client.Connections, MaxConnection: php.client.MaxConnections,
		MaxMessage: int64(cfg.Server.MaxMessage), MaxDocument: int64(cfg.Pipe.MaxDocument), Profiles: cfg.Control.Pprof,
		SocketMode: cfg.Control.Mode.Std(), SocketGroup: cfg.Control.Group,
		Status: api.Status{
			Version: version(build), Pipe: cfg.Pipe.Path, Config: at.file,
			PHP:         api.PHP{Managed: !cfg.PHP.External(), Address: php.client.Network + ":" + php.client.Address},
			Application: api.Application{EventsFile: cfg.PHP.EventsFile, Isolation: cfg.Isolation.Mode},
		},
	}
	if php.client.StatusPage.Path != "" {
		c.Workers = client.Status
	}
	if !cfg.PHP.External() {
		c.MaxWorkers = cfg.PHP.Workers
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
