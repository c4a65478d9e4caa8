package serve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsbridge/wsbridge/bridge"
	"github.com/wsbridge/wsbridge/bridge/door/admission"
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
	ConfigFile string                        // that the configuration was read from; empty: none
	Load       func() (config.Config, error) // reads the configuration again; nil: there is nothing to be reloaded
	Page       http.Handler                  // answers requests that are no WebSocket handshake, if it is not nil
	// Listening is called with the addresses for clients and for control once the server can be reached there; nil: nobody asks.
	Listening func(clients string, control []string)
}

// surroundings are what a server has besides its configuration.
type surroundings struct {
	Options
	log    *logs.Log
	reload *reloader                     // nil: there is nothing to be read anew
	cfg    atomic.Pointer[config.Config] // in force
	php    *backend
	bridge *bridge.Bridge
}

// Run serves as cfg says until ctx ends, then drains. It blocks until all is over.
func Run(ctx context.Context, cfg config.Config, o Options) error {
	at := &surroundings{Options: o, log: logs.New(o.Log, cfg.Log)}
	defer at.log.Close()
	for _, note := range cfg.Notes {
		at.log.Warn(note)
	}
	if cfg.Log.Payloads {
		at.log.Warn("log.payloads is on: what clients and handlers say is in the log")
	}
	if o.Load != nil {
		at.reload = newReloader(cfg, o.Load, at.log.Logger)
		defer at.reload.close()
	}
	return serve(ctx, cfg, at)
}

// serve starts everything in the original's order and ends it in the opposite one: php-fpm is there first and last, since
// handlers run from initialize to finalize, and the pipe exists before the first client and until the last has left.
func serve(ctx context.Context, cfg config.Config, at *surroundings) (err error) {
	log := at.log
	at.cfg.Store(&cfg)
	passed, err := takeSockets()
	if err != nil {
		return err
	}
	defer passed.close()
	log.Info("starting", "events_file", cfg.PHP.EventsFile)
	php, err := startBackend(ctx, cfg, log.Logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, php.close()) }()

	underWay := &exchanges{}
	m, series := metrics.New(at.Version), control.NewSeries()
	cert, err := loadCertificate(&cfg.Server, log.Logger)
	if err != nil {
		return err
	}
	bc := bridgeConfig(cfg, php.now.Load(), underWay)
	bc.Presence, bc.Page, bc.Logger, bc.Observer, bc.TLS = php.presence, at.Page, log.Logger, observers{m, series}, cert.config()
	b, err := bridge.New(bc)
	if err != nil {
		return err
	}
	at.php, at.bridge = php, b
	watch(m, cert, at)
	operators, err := startControl(&cfg, at, passed.control, b, php, m.Handler(), series)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, operators.Close()) }()
	if err := b.Initialize(ctx); err != nil {
		return err
	}
	at.reload.add("server.tls_cert and server.tls_key", func(context.Context, config.Config) error { return cert.reload() })
	at.reload.add("php-fpm and the bridge", func(ctx context.Context, cfg config.Config) error {
		return reconfigure(ctx, cfg, at, underWay)
	})
	at.reload.add("log", func(_ context.Context, cfg config.Config) error { log.Set(cfg.Log); return nil })
	defer startWatchdog(b, underWay, log.Logger).close()
	err = listenAndServe(ctx, cfg, at, cert, b, m, passed, func(address string) {
		operators.Serves(address)
		if at.Listening != nil {
			at.Listening(address, operators.Addresses())
		}
	})
	if finalErr := b.Finalize(); finalErr != nil {
		log.Error("ws_server_finalize failed", "error", finalErr)
	}
	log.Info("stopped")
	return err
}

// watch has m ask everybody who knows something.
func watch(m *metrics.Metrics, cert *certificate, at *surroundings) {
	m.WatchBridge(at.bridge)
	m.WatchFPM(at.php.pool, at.php.status)
	m.WatchDailyLog(at.log.Dropped)
	if cert != nil {
		m.WatchCertificate(func() time.Time { return cert.pair.Load().Leaf.NotAfter })
	}
	at.reload.tells(m.Reloaded)
}

// reconfigure brings cfg to the bridge, with the php-fpm that it wants.
func reconfigure(ctx context.Context, cfg config.Config, at *surroundings, e *exchanges) error {
	err := at.php.replace(ctx, cfg, func(p *php) error { return at.bridge.Reconfigure(ctx, bridgeConfig(cfg, p, e)) })
	if err == nil {
		at.cfg.Store(&cfg)
	}
	return err
}

// keepCurrent reloads what can be replaced while the server runs. The caller calls stop, which waits for it.
func keepCurrent(ctx context.Context, r *reloader, cert *certificate) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	work.Go(func() { cert.watch(ctx) })
	work.Go(func() { r.run(ctx) })
	return func() { cancel(); r.end(); work.Wait() }
}

// listenAndServe makes the pipe, if there is to be one, and then the listener, whose address it tells; the pipe is gone when it
// returns.
func listenAndServe(ctx context.Context, cfg config.Config, at *surroundings, cert *certificate,
	b *bridge.Bridge, m *metrics.Metrics, passed *sockets, serves func(address string)) (err error) {
	var pipe bridge.Pipe
	if cfg.Pipe.Path != "" {
		own, createErr := createPipe(cfg.Pipe, m, at.log.Logger)
		if createErr != nil {
			return createErr
		}
		defer func() { err = errors.Join(err, own.Close()) }()
		at.reload.add("pipe.mode", func(_ context.Context, cfg config.Config) error { return own.Chmod(cfg.Pipe.Mode.Std()) })
		pipe = m.Pipe(own)
	}
	l, err := passed.listenForClients(cfg.Server.Listen)
	if err != nil {
		return fmt.Errorf("listen for clients: %w", err)
	}
	at.log.Info("listening", "address", l.Addr().String(), "tls", cfg.Server.TLS(), "pipe", cfg.Pipe.Path)
	serves(l.Addr().String())
	defer keepCurrent(ctx, at.reload, cert)()
	l = notifier{at.log.Logger}.announce(l, func() time.Duration { return stopTime(at.cfg.Load()) })
	return b.Serve(ctx, l, pipe)
}

func createPipe(cfg config.Pipe, m *metrics.Metrics, log *slog.Logger) (*fifo.Pipe, error) {
	return fifo.Create(fifo.Config{
		Path:  cfg.Path,
		Mode:  cfg.Mode.Std(),
		Limit: int(cfg.MaxDocument),
		Report: func(s fifo.Skipped) {
			m.Skipped(s)
			log.Warn("data in the pipe was skipped", "skipped", s)
		},
	})
}

// bridgeConfig is what cfg says to the bridge, whose events go to php, watched by e.
func bridgeConfig(cfg config.Config, php *php, e *exchanges) bridge.Config {
	admit := cfg.Server.Admission()
	return bridge.Config{
		PHP:              e.watch(php.client, exchangeLimit(cfg)),
		LogPayloads:      cfg.Log.Payloads,
		ServerHeader:     cfg.Server.ServerHeader,
		RequireCookie:    cfg.Server.RequireCookie,
		RequireUserAgent: cfg.Server.RequireUserAgent,
		Isolation:        cfg.RunModes(),
		SessionCookie:    cfg.Isolation.SessionCookie,
		Parallel:         php.connections,
		CloseOnError:     cfg.PHP.OnError == "close",
		LoopInterval:     cfg.Loop.Interval.Std(),
		MaxMessage:       int64(cfg.Server.MaxMessage),
		MessageRate:      cfg.Server.MessageRate,
		MessageBurst:     cfg.Server.MessageBurst,
		ControlRate:      cfg.Server.ControlRate,
		ControlBurst:     cfg.Server.ControlBurst(),
		Compression:      cfg.Server.Compression,
		EmptyText:        cfg.Server.EmptyText,
		EventQueue:       config.EventQueue,
		SendQueue:        cfg.Server.SendQueue(),
		SendQueueBytes:   int(cfg.Server.SendQueueBytes),
		HandshakeTimeout: cfg.Server.HandshakeTimeout.Std(),
		WriteTimeout:     cfg.Server.WriteTimeout.Std(),
		PingInterval:     cfg.Server.PingInterval.Std(),
		PongTimeout:      cfg.Server.PongTimeout.Std(),
		IdleTimeout:      cfg.Server.IdleTimeout.Std(),
		QueueWait:        cfg.Server.QueueWait.Std(),
		UnavailableWait:  cfg.PHP.UnavailableWait.Std(),
		DrainTimeout:     cfg.Server.DrainTimeout.Std(),

		EventQueueTotal:      cfg.Server.EventQueueTotal(),
		EventQueueTotalBytes: int(cfg.Server.EventQueueTotalBytes),

		Origins:       admit.Origins,
		Hosts:         admit.Hosts,
		Paths:         admit.Paths,
		Subprotocols:  cfg.Server.Subprotocols,
		MaxHeader:     config.MaxHeader,
		Limits:        limits(&cfg.Server, php.connections),
		Proxies:       admit.Proxies,
		Forwarding:    admit.Forwarding,
		ProxyProtocol: cfg.Server.ProxyProtocol,
	}
}

func limits(s *config.Server, phpConnections int) admission.Limits {
	return admission.Limits{
		Connections:     cmp.Or(s.MaxConnections, connectionsWithin(phpConnections)),
		PerAddress:      s.MaxConnectionsPerAddress,
		Rate:            s.HandshakeRate,
		Burst:           s.HandshakeRate,
		RatePerAddress:  s.HandshakeRatePerAddress,
		BurstPerAddress: s.HandshakeRatePerAddress,
		IPv6Prefix:      config.IPv6Prefix,
	}
}
