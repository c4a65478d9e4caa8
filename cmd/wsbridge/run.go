package main

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
	"github.com/wsbridge/wsbridge/bridge/admission"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/metrics"
	"github.com/wsbridge/wsbridge/fifo"
)

// surroundings are what a server has besides its configuration.
type surroundings struct {
	log    *logs
	file   string                        // that the configuration was read from; empty: none
	reload *reloader                     // nil: there is nothing to be read anew
	page   http.Handler                  // answers requests that are no WebSocket handshake, if it is not nil
	cfg    atomic.Pointer[config.Config] // in force
	// serves is told where clients connect and where control is reachable, once they are; nil: nobody asks.
	serves func(clients string, control []string)
}

// run serves as cfg, which was read from there, says until ctx ends, then drains. Log lines go to out.
func run(ctx context.Context, cfg config.Config, from config.Sources, out io.Writer) error {
	log := newLogs(out, cfg.Log)
	defer log.close()
	for _, note := range cfg.Notes {
		log.Warn(note)
	}
	if cfg.Log.Payloads {
		log.Warn("log.payloads is on: what clients and handlers say is in the log")
	}
	reload := newReloader(cfg, func() (config.Config, error) { return config.Load(from) }, log.Logger)
	defer reload.close()
	return serve(ctx, cfg, &surroundings{log: log, file: config.Absolute(".", cmp.Or(from.Config, from.Settings)), reload: reload})
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

	m, series := metrics.New(ownVersion()), control.NewSeries()
	cert, err := loadCertificate(&cfg.Server, log.Logger)
	if err != nil {
		return err
	}
	bc := bridgeConfig(cfg, php.now.Load())
	bc.Presence, bc.Page, bc.Logger, bc.Observer, bc.TLS = php.presence, at.page, log.Logger, observers{m, series}, cert.config()
	b, err := bridge.New(bc)
	if err != nil {
		return err
	}
	watch(m, b, php, cert, at)
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
		return reconfigure(ctx, cfg, php, b, at)
	})
	at.reload.add("log", func(_ context.Context, cfg config.Config) error { log.set(cfg.Log); return nil })
	defer startWatchdog(b, php.overdue, log.Logger).close()
	err = listenAndServe(ctx, cfg, at, cert, b, m, passed, func(address string) {
		operators.Serves(address)
		if at.serves != nil {
			at.serves(address, operators.Addresses())
		}
	})
	if finalErr := b.Finalize(); finalErr != nil {
		log.Error("ws_server_finalize failed", "error", finalErr)
	}
	log.Info("stopped")
	return err
}

// watch has m ask everybody who knows something.
func watch(m *metrics.Metrics, b *bridge.Bridge, php *backend, cert *certificate, at *surroundings) {
	m.WatchBridge(b)
	m.WatchFPM(php.pool, php.status)
	m.WatchDailyLog(at.log.daily.dropped.Load)
	if cert != nil {
		m.WatchCertificate(func() time.Time { return cert.pair.Load().Leaf.NotAfter })
	}
	at.reload.tells(m.Reloaded)
}

// reconfigure brings cfg to the bridge, with the php-fpm that it wants.
func reconfigure(ctx context.Context, cfg config.Config, backend *backend, b *bridge.Bridge, at *surroundings) error {
	err := backend.replace(ctx, cfg, func(p *php) error { return b.Reconfigure(ctx, bridgeConfig(cfg, p)) })
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
	return b.Serve(ctx, notifier{at.log.Logger}.announce(l, stopTime(cfg)), pipe)
}

func createPipe(cfg config.Pipe, m *metrics.Metrics, log *slog.Logger) (*fifo.Pipe, error) {
	return fifo.Create(fifo.Config{
		Path:  cfg.Path,
		Mode:  cfg.Mode.Std(),
		Limit: int(cfg.MaxDocument),
		Quiet: cfg.Quiet.Std(),
		Report: func(s fifo.Skipped) {
			m.Skipped(s)
			log.Warn("data in the pipe was skipped", "skipped", s)
		},
	})
}

// bridgeConfig is what cfg says to the bridge, whose events go to php.
func bridgeConfig(cfg config.Config, php *php) bridge.Config {
	admit := cfg.Server.Admission()
	return bridge.Config{
		PHP:              php.client,
		LogPayloads:      cfg.Log.Payloads,
		ServerHeader:     cfg.Server.ServerHeader,
		RequireCookie:    cfg.Server.RequireCookie,
		RequireUserAgent: cfg.Server.RequireUserAgent,
		Isolation:        bridge.Isolation(cfg.Isolation.Mode),
		HandlerIsolation: cfg.Isolation.Handlers.ByFunction(),
		SessionCookie:    cfg.Isolation.SessionCookie,
		LiveGlobals:      cfg.Globals.Live,
		ForgetGlobals:    cfg.Globals.Forget,
		Parallel:         php.connections,
		CloseOnError:     cfg.PHP.OnError == "close",
		LoopInterval:     cfg.Loop.Interval.Std(),
		MaxMessage:       int64(cfg.Server.MaxMessage),
		MessageRate:      cfg.Server.MessageRate,
		MessageBurst:     cfg.Server.MessageBurst,
		ControlRate:      cfg.Server.ControlRate,
		ControlBurst:     cfg.Server.ControlBurst,
		Compression:      cfg.Server.Compression,
		EmptyText:        cfg.Server.EmptyText,
		EventQueue:       cfg.Server.EventQueue,
		SendQueue:        cfg.Server.SendQueue,
		SendQueueBytes:   int(cfg.Server.SendQueueBytes),
		HandshakeTimeout: cfg.Server.HandshakeTimeout.Std(),
		WriteTimeout:     cfg.Server.WriteTimeout.Std(),
		PingInterval:     cfg.Server.PingInterval.Std(),
		PongTimeout:      cfg.Server.PongTimeout.Std(),
		IdleTimeout:      cfg.Server.IdleTimeout.Std(),
		QueueWait:        cfg.Server.QueueWait.Std(),
		UnavailableWait:  cfg.PHP.UnavailableWait.Std(),
		DrainTimeout:     cfg.Server.DrainTimeout.Std(),

		EventQueueTotal:      cfg.Server.EventQueueTotal,
		EventQueueTotalBytes: int(cfg.Server.EventQueueTotalBytes),

		Origins:       admit.Origins,
		Hosts:         admit.Hosts,
		Paths:         admit.Paths,
		Subprotocols:  cfg.Server.Subprotocols,
		MaxHeader:     int(cfg.Server.MaxHeader),
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
		Burst:           cmp.Or(s.HandshakeBurst, s.HandshakeRate),
		RatePerAddress:  s.HandshakeRatePerAddress,
		BurstPerAddress: cmp.Or(s.HandshakeBurstPerAddress, s.HandshakeRatePerAddress),
		IPv6Prefix:      s.IPv6Prefix,
	}
}
