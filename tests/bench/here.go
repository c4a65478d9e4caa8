package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"time"

	"github.com/wsbridge/wsbridge/bridge"
	"github.com/wsbridge/wsbridge/bridge/isolation"
)

// here is a bridge in this process, so that the Go runtime can be asked what it costs.
type here struct {
	php     *php
	address string
	end     context.CancelFunc
	served  chan error
}

func startHere(ctx context.Context) (*here, error) {
	return startHereWith(ctx, echoing, func(*bridge.Config) {})
}

// startHereWith is startHere with another application, and another configuration.
func startHereWith(ctx context.Context, source string, change func(*bridge.Config)) (h *here, err error) {
	p, err := startPHP(ctx, source, nil)
	if err != nil {
		return nil, err
	}
	h = &here{php: p, served: make(chan error, 1)}
	cfg := hereConfig(p)
	change(&cfg)
	if err := h.start(ctx, cfg); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return h, nil
}

func (h *here) start(ctx context.Context, cfg bridge.Config) error {
	b, err := bridge.New(cfg)
	if err != nil {
		return err
	}
	if err := b.Initialize(ctx); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	h.address = l.Addr().String()
	ctx, h.end = context.WithCancel(ctx)
	go func() { h.served <- b.Serve(ctx, l, nil) }()
	return nil
}

func (h *here) stop() error {
	h.end()
	return errors.Join(<-h.served, h.php.stop())
}

func hereConfig(p *php) bridge.Config {
	const long = time.Hour
	return bridge.Config{
		PHP: p.client, Presence: p.presence, Logger: slog.New(slog.DiscardHandler), Isolation: isolation.Config{Mode: isolation.PerConnection}, Parallel: workers,
		LoopInterval: long, MaxMessage: 16 << 20, EventQueue: 64, EventQueueTotal: 1 << 14, EventQueueTotalBytes: 256 << 20, SendQueue: 1024, SendQueueBytes: 32 << 20,
		HandshakeTimeout: time.Minute, MaxHeader: 16 << 10, WriteTimeout: time.Minute, PingInterval: long, PongTimeout: long, QueueWait: time.Minute,
		UnavailableWait: time.Minute, DrainTimeout: time.Minute,
	}
}
