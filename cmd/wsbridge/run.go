package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"

	"github.com/wsbridge/wsbridge/bridge"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/fastcgi"
	"github.com/wsbridge/wsbridge/fifo"
)

// run serves as cfg says until ctx ends, then drains. Log lines go to out.
func run(ctx context.Context, cfg config.Config, out io.Writer) error {
	log := newLogger(out, cfg.Log)
	for _, note := range cfg.Notes {
		log.Warn(note)
	}
	return serve(ctx, cfg, log, nil)
}

// serve starts everything in the original's order and ends it in the opposite one: php-fpm is there first and last, since
// handlers run from initialize to finalize, and the pipe exists before the first client and until the last has left.
// Requests that are no WebSocket handshake go to page, if it is not nil.
func serve(ctx context.Context, cfg config.Config, log *slog.Logger, page http.Handler) (err error) {
	passed, err := takeSockets()
	if err != nil {
		return err
	}
	defer passed.close()
	log.Info("starting", "events_file", cfg.PHP.EventsFile)
	reload := newReloader(log)
	defer reload.close()
	php, err := startPHP(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, php.stop()) }()
	client, err := fastcgi.New(php.client)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()

	m, exchanges := newMetrics(), watchExchanges(client, exchangeLimit(cfg))
	cert, err := loadCertificate(&cfg.Server, log)
	if err != nil {
		return err
	}
	bc := bridgeConfig(cfg, log, exchanges, php, page, m)
	bc.TLS = cert.config()
	b, err := bridge.New(bc)
	if err != nil {
		return err
	}
	m.watch(b, client)
	m.expires(cert)
	if cfg.Control.Listen != "" || passed.control != nil {
		c, err := startControl(cfg.Control.Listen, passed.control, b, m, log)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, c.close()) }()
	}
	if err := b.Initialize(ctx); err != nil {
		return err
	}
	defer keepCurrent(ctx, reload, cert)()
	defer startWatchdog(b, exchanges, log).close()
	err = listenAndServe(ctx, cfg, log, b, passed)
	if finalErr := b.Finalize(); finalErr != nil {
		log.Error("ws_server_finalize failed", "error", finalErr)
	}
	log.Info("stopped")
	return err
}

// keepCurrent lets what can be replaced while the server runs be replaced. The caller calls stop, which waits for it.
func keepCurrent(ctx context.Context, r *reloader, cert *certificate) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	if cert != nil {
		r.add("server.tls_cert and server.tls_key", cert.reload)
		work.Go(func() { cert.watch(ctx) })
	}
	work.Go(func() { r.run(ctx) })
	return func() { cancel(); work.Wait() }
}

// listenAndServe makes the pipe, if there is to be one, and then the listener; the pipe is gone when it returns.
func listenAndServe(ctx context.Context, cfg config.Config, log *slog.Logger, b *bridge.Bridge, passed *sockets) (err error) {
	var pipe bridge.Pipe
	if cfg.Pipe.Path != "" {
		own, createErr := createPipe(cfg.Pipe, log)
		if createErr != nil {
			return createErr
		}
		defer func() { err = errors.Join(err, own.Close()) }()
		pipe = own
	}
	l, err := passed.listenForClients(cfg.Server.Listen)
	if err != nil {
		return fmt.Errorf("listen for clients: %w", err)
	}
	log.Info("listening", "address", l.Addr().String(), "tls", cfg.Server.TLS(), "pipe", cfg.Pipe.Path)
	return b.Serve(ctx, notifier{log}.announce(l, stopTime(cfg)), pipe)
}

func createPipe(cfg config.Pipe, log *slog.Logger) (*fifo.Pipe, error) {
	return fifo.Create(fifo.Config{
		Path:   cfg.Path,
		Mode:   cfg.Mode.Std(),
		Limit:  int(cfg.MaxDocument),
		Quiet:  cfg.Quiet.Std(),
		Report: func(s fifo.Skipped) { log.Warn("data in the pipe was skipped", "skipped", s) },
	})
}

func bridgeConfig(cfg config.Config, log *slog.Logger, client bridge.PHP, php *php, page http.Handler, observer bridge.Observer) bridge.Config {
	return bridge.Config{
		PHP:              client,
		Presence:         php.presence,
		Page:             page,
		Logger:           log,
		Observer:         observer,
		LogPayloads:      cfg.Log.Payloads,
		ServerHeader:     cfg.Server.ServerHeader,
		RequireCookie:    cfg.Server.RequireCookie,
		RequireUserAgent: cfg.Server.RequireUserAgent,
		AllowedOrigins:   cfg.Server.AllowedOrigins,
		Isolation:        bridge.Isolation(cfg.Isolation.Mode),
		HandlerIsolation: cfg.Isolation.Handlers.ByFunction(),
		SessionCookie:    cfg.Isolation.SessionCookie,
		LiveGlobals:      cfg.Globals.Live,
		ForgetGlobals:    cfg.Globals.Forget,
		Parallel:         php.client.MaxConnections,
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
	}
}
