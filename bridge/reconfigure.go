package bridge

import (
	"context"

	"github.com/wsbridge/wsbridge/bridge/isolation"
)

// cfg returns the current configuration. It must not be changed; Reconfigure replaces it.
func (b *Bridge) cfg() *Config { return b.config.Load() }

// Config returns the current configuration.
func (b *Bridge) Config() Config { return *b.cfg() }

// Reconfigure replaces the configuration while clients stay connected. Presence, Journal, JournalRows, Page, Logger, Observer, Tracer, TLS,
// HandshakeTimeout and MaxHeader stay those of New. After an error nothing has changed. Reconfigure may be called concurrently, after Initialize.
//
// It fails if another process has taken over, with ErrHandingOver, and if a start would fail with the code that the application has by now, although other code may be loaded.
//
// Another PHP first has to describe the application, for which Reconfigure blocks until ctx ends. Then events go to it. The old PHP may still
// run some; the caller may end it after Reconfigure has returned.
//
// What concerns handshakes, isolation, global variables, the loop, pings, pongs, waits and the events of all clients together takes effect at
// once. Compression, MaxMessage, the rates and bursts, EventQueue, SendQueue, SendQueueBytes, WriteTimeout, MessageTimeout,
// IdleTimeout and SessionCookie take effect for new clients.
func (b *Bridge) Reconfigure(ctx context.Context, cfg Config) error {
	unlock, err := b.lockDescribing(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if b.HandedOver() {
		return ErrHandingOver
	}
	now := b.cfg()
	cfg.Presence, cfg.Page, cfg.Logger, cfg.Observer, cfg.Tracer = now.Presence, now.Page, now.Logger, now.Observer, now.Tracer
	// The listener and the http.Server have these, and cannot change them.
	cfg.Journal, cfg.JournalRows = now.Journal, now.JournalRows
	cfg.TLS, cfg.HandshakeTimeout, cfg.MaxHeader = now.TLS, now.HandshakeTimeout, now.MaxHeader
	if err := cfg.check(); err != nil {
		return err
	}
	app := b.app.Load()
	if app == nil {
		return ErrStarting
	}
	under := func(app *isolation.Application) *isolation.Application { return app.Under(&cfg.Isolation) }
	if cfg.PHP != now.PHP {
		fresh, err := b.describe(ctx, &cfg, app)
		if err != nil {
			return err
		}
		under = func(*isolation.Application) *isolation.Application { return fresh }
		b.endOutage()
	} else if err := tryCode(ctx, &cfg); err != nil {
		return err
	}
	started := &newLane{laneState: laneState{b}}
	if cfg.Lane != nil && now.Lane == nil {
		if err := cfg.Lane.Start(ctx, started); err != nil {
			return err
		}
	}
	b.config.Store(&cfg)
	b.update(under)
	started.putInForce()
	b.scheduler.Resize(cfg.Parallel)
	b.limiter.SetLimits(cfg.Limits)
	b.setBudgets()
	b.backlog.Resize(cfg.EventQueueTotal, cfg.EventQueueTotalBytes)
	if cfg.LoopInterval != now.LoopInterval {
		b.resetLoop()
	}
	return nil
}
