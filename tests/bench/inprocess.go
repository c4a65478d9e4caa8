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

// inProcess is a bridge in this process, so that the Go runtime can be asked what it costs.
type inProcess struct {
	php     *php
	address string
	end     context.CancelFunc
	served  chan error
}

// startInProcess starts a bridge whose configuration change may alter. The caller stops it.
func startInProcess(ctx context.Context, source string, change func(*bridge.Config)) (b *inProcess, err error) {
	p, err := startPHP(ctx, source)
	if err != nil {
		return nil, err
	}
	b = &inProcess{php: p, served: make(chan error, 1)}
	cfg := patientConfig(p)
	change(&cfg)
	if err := b.start(ctx, cfg); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return b, nil
}

func unchanged(*bridge.Config) {}

func (b *inProcess) start(ctx context.Context, cfg bridge.Config) error {
	served, err := bridge.New(cfg)
	if err != nil {
		return err
	}
	if err := served.Initialize(ctx); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	b.address = l.Addr().String()
	ctx, b.end = context.WithCancel(ctx)
	go func() { b.served <- served.Serve(ctx, l, nil) }()
	return nil
}

func (b *inProcess) stop() error {
	b.end()
	return errors.Join(<-b.served, b.php.stop())
}

// patientConfig is a configuration in which nothing happens by itself.
func patientConfig(p *php) bridge.Config {
	const long = time.Hour
	return bridge.Config{
		PHP: p.client, Presence: p.presence, Logger: slog.New(slog.DiscardHandler), Parallel: workers,
		Isolation: isolation.Config{Mode: isolation.PerConnection}, LoopInterval: long, PingInterval: long, PongTimeout: long,
		MaxHeader: 16 << 10, MaxMessage: 16 << 20, SendQueue: 1024, SendQueueBytes: 32 << 20,
		ReadTotalBytes: 256 << 20, SendQueueTotalBytes: 256 << 20, MessageTimeout: time.Minute,
		EventQueue: 64, EventQueueTotal: 1 << 14, EventQueueTotalBytes: 256 << 20,
		HandshakeTimeout: time.Minute, WriteTimeout: time.Minute, QueueWait: time.Minute, UnavailableWait: time.Minute, DrainTimeout: time.Minute,
	}
}
