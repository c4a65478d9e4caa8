// Package serve runs the server: it joins the bridge, php-fpm, the named pipe, the control API and the metrics, and keeps the
// configuration, the certificate and the service manager's view of it current. It owns everything that it starts and ends it before
// it returns.
//
// The commands serve, demo and check call it, and it calls no command. Run blocks until the server has ended, Inspect until php-fpm
// has answered.
package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/wsbridge/wsbridge/bridge"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/logs"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/metrics"
	"github.com/wsbridge/wsbridge/fifo"
)

// Options are what a server has besides its configuration.
type Options struct {
	Version    string
	Log        io.Writer                     // where log lines go
	ConfigFile string                        // where the configuration was read from; empty: there is no file
	Load       func() (config.Config, error) // reads the configuration again; nil: it cannot be reloaded
	Page       http.Handler                  // answers requests that are not WebSocket handshakes; nil: the bridge does
	// Listening is called with the addresses for clients and for operators once both are reachable. It may be nil.
	Listening func(clients string, operators []string)
}

// server is what one call of Run joins.
type server struct {
	Options
	log     *logs.Log
	metrics *metrics.Metrics
	reload  *reloader
	cfg     atomic.Pointer[config.Config] // in force

	passed  *sockets
	cert    *certificate // nil without TLS
	backend *backend
	bridge  *bridge.Bridge
	pipe    *fifo.Pipe // nil if there is none
}

// Run serves as cfg says until ctx ends, then drains. It returns once everything that it started has ended.
func Run(ctx context.Context, cfg config.Config, o Options) error {
	s := &server{Options: o, log: logs.New(o.Log, cfg.Log), metrics: metrics.New(o.Version)}
	defer s.log.Close()
	s.cfg.Store(&cfg)
	for _, note := range cfg.Notes {
		s.log.Warn(note)
	}
	if cfg.Log.Payloads {
		s.log.Warn("log.payloads is on: what clients and handlers say is in the log")
	}
	s.reload = newReloader(cfg, o.Load, s.metrics.Reloaded, s.log.Logger)
	defer s.reload.close()
	return s.run(ctx, &cfg)
}

// run starts everything in the original's order and ends it in the opposite order: php-fpm is there first and last, since handlers run
// from initialize to finalize, and the pipe exists before the first client comes and until the last has left.
func (s *server) run(ctx context.Context, cfg *config.Config) (err error) {
	if s.passed, err = takeSockets(); err != nil {
		return err
	}
	defer s.passed.close()
	s.log.Info("starting", "events_file", cfg.PHP.EventsFile)
	if s.backend, err = startBackend(ctx, cfg, s.log.Logger); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.backend.close()) }()
	if err := s.newBridge(cfg); err != nil {
		return err
	}
	operators, err := s.startControl(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, operators.Close()) }()
	if err := s.bridge.Initialize(ctx); err != nil {
		return err
	}
	defer startWatchdog(s.bridge, s.backend.overdue, s.log.Logger).close()
	err = s.serveClients(ctx, cfg, operators)
	if finalErr := s.bridge.Finalize(); finalErr != nil {
		s.log.Error("ws_server_finalize failed", "error", finalErr)
	}
	s.log.Info("stopped")
	return err
}

// newBridge makes the bridge, and lets the metrics ask it and everything that it stands on.
func (s *server) newBridge(cfg *config.Config) (err error) {
	if s.cert, err = loadCertificate(&cfg.Server, s.log.Logger); err != nil {
		return err
	}
	c := bridgeConfig(cfg, s.backend.current.Load())
	c.Presence, c.Page, c.Logger, c.Observer, c.TLS = s.backend.presence, s.Page, s.log.Logger, s.metrics, s.cert.config()
	if s.bridge, err = bridge.New(c); err != nil {
		return err
	}
	s.metrics.WatchBridge(s.bridge)
	s.metrics.WatchFPM(s.backend.pool, s.backend.status)
	s.metrics.WatchDailyLog(s.log.Dropped)
	if s.cert != nil {
		s.metrics.WatchCertificate(func() time.Time { return s.cert.pair.Load().Leaf.NotAfter })
	}
	return nil
}

// serveClients creates the pipe, if there is to be one, then listens for clients, and returns when the last client has left and the
// pipe is removed.
func (s *server) serveClients(ctx context.Context, cfg *config.Config, operators *control.Server) (err error) {
	var pipe bridge.Pipe
	if cfg.Pipe.Path != "" {
		if s.pipe, err = s.createPipe(&cfg.Pipe); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.pipe.Close()) }()
		pipe = s.metrics.Pipe(s.pipe)
	}
	s.reload.start(s.put)
	l, err := s.passed.listenForClients(cfg.Server.Listen)
	if err != nil {
		return fmt.Errorf("listen for clients: %w", err)
	}
	address := l.Addr().String()
	s.log.Info("listening", "address", address, "tls", cfg.Server.TLS(), "pipe", cfg.Pipe.Path)
	operators.SetClientAddress(address)
	if s.Listening != nil {
		s.Listening(address, operators.Addresses())
	}
	defer s.keepCurrent(ctx)()
	return s.bridge.Serve(ctx, &announcedListener{Listener: l, notify: notifier{s.log.Logger}, stopTime: s.stopTime}, pipe)
}

// stopTime returns how long the end may take with the configuration in force: the drain, ws_server_shutdown, ws_server_finalize, and
// php-fpm's own end.
func (s *server) stopTime() time.Duration {
	const margin = 15 * time.Second
	cfg := s.cfg.Load()
	return cfg.Server.DrainTimeout.Std() + 2*cfg.PHP.Timeout.Std() + margin
}

func (s *server) createPipe(cfg *config.Pipe) (*fifo.Pipe, error) {
	return fifo.Create(fifo.Config{
		Path:  cfg.Path,
		Mode:  cfg.Mode.Std(),
		Limit: int(cfg.MaxDocument),
		Report: func(skipped fifo.Skipped) {
			s.metrics.Skipped(skipped)
			s.log.Warn("data in the pipe was skipped", "skipped", skipped)
		},
	})
}
