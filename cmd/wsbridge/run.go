package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"

	"github.com/wsbridge/wsbridge/bridge"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/fastcgi"
	"github.com/wsbridge/wsbridge/fifo"
)

// surroundings are what a server has besides its configuration.
type surroundings struct {
	log    *slog.Logger
	level  *slog.LevelVar                              // of log
	file   string                                      // that the configuration was read from; empty: none
	reload func(context.Context) (api.Reloaded, error) // nil: there is nothing to be read anew
	page   http.Handler                                // answers requests that are no WebSocket handshake, if it is not nil
	// serves is told where clients connect and where control is reachable, once they are; nil: nobody asks.
	serves func(clients string, control []string)
}

// run serves as cfg, which was read from there, says until ctx ends, then drains. Log lines go to out.
func run(ctx context.Context, cfg config.Config, from config.Sources, out io.Writer) error {
	at := &surroundings{file: config.Absolute(".", cmp.Or(from.Config, from.Settings))}
	at.log, at.level = newLogger(out, cfg.Log)
	at.reload = (&reloader{from: from, running: cfg, level: at.level}).reload
	for _, note := range cfg.Notes {
		at.log.Warn(note)
	}
	return serve(ctx, cfg, at)
}

// serve starts everything in the original's order and ends it in the opposite one: php-fpm is there first and last, since
// handlers run from initialize to finalize, and the pipe exists before the first client and until the last has left.
func serve(ctx context.Context, cfg config.Config, at *surroundings) (err error) {
	log := at.log
	log.Info("starting", "events_file", cfg.PHP.EventsFile)
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

	m, series := newMetrics(), control.NewSeries()
	b, err := bridge.New(bridgeConfig(cfg, log, client, php, at.page, observers{m, series}))
	if err != nil {
		return err
	}
	m.watch(b, client)
	operators, err := startControl(&cfg, at, b, php, client, m.handler(), series)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, operators.Close()) }()
	if err := b.Initialize(ctx); err != nil {
		return err
	}
	err = listenAndServe(ctx, cfg, log, b, func(address string) {
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

// listenAndServe makes the pipe, if there is to be one, and then the listener, whose address it tells; the pipe is gone when it
// returns.
func listenAndServe(ctx context.Context, cfg config.Config, log *slog.Logger, b *bridge.Bridge, serves func(address string)) (err error) {
	var pipe bridge.Pipe
	if cfg.Pipe.Path != "" {
		own, createErr := createPipe(cfg.Pipe, log)
		if createErr != nil {
			return createErr
		}
		defer func() { err = errors.Join(err, own.Close()) }()
		pipe = own
	}
	l, err := net.Listen("tcp", cfg.Server.Listen)
	if err != nil {
		return fmt.Errorf("listen for clients: %w", err)
	}
	log.Info("listening", "address", l.Addr().String(), "pipe", cfg.Pipe.Path)
	serves(l.Addr().String())
	return b.Serve(ctx, l, pipe)
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
		Compression:      cfg.Server.Compression,
		EmptyText:        cfg.Server.EmptyText,
		EventQueue:       cfg.Server.EventQueue,
		SendQueue:        cfg.Server.SendQueue,
		SendQueueBytes:   int(cfg.Server.SendQueueBytes),
		HandshakeTimeout: cfg.Server.HandshakeTimeout.Std(),
		WriteTimeout:     cfg.Server.WriteTimeout.Std(),
		PingInterval:     cfg.Server.PingInterval.Std(),
		PongTimeout:      cfg.Server.PongTimeout.Std(),
		QueueWait:        cfg.Server.QueueWait.Std(),
		UnavailableWait:  cfg.PHP.UnavailableWait.Std(),
		DrainTimeout:     cfg.Server.DrainTimeout.Std(),

		EventQueueTotal:      cfg.Server.EventQueueTotal,
		EventQueueTotalBytes: int(cfg.Server.EventQueueTotalBytes),
	}
}
