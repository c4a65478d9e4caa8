package bridge

import (
	"context"
)

// cfg is the configuration in force. It is never changed; Reconfigure puts another one in its place.
func (b *Bridge) cfg() *Config { return b.config.Load() }

// Config returns the configuration in force.
func (b *Bridge) Config() Config { return *b.cfg() }

// Reconfigure lets cfg take the place of the configuration while clients stay connected. Presence, Page, Logger, Observer,
// TLS, HandshakeTimeout and MaxHeader stay those of New. If it returns an error, all stays as it was.
//
// A PHP other than the one before is asked to describe the application first, until ctx ends; from then on events go to it. Its
// caller ends the one before, which may still run some, once Reconfigure has returned.
//

// What concerns handshakes, isolation, global variables, the loop, pings, pongs, waits and the queues of all clients together
// holds at once. Compression, MaxMessage, the rates and bursts, EventQueue, SendQueue, SendQueueBytes, WriteTimeout, IdleTimeout and
// SessionCookie hold for clients that come from then on; those that are there keep what they came with. It may be called
// concurrently, after Initialize.
func (b *Bridge) Reconfigure(ctx context.Context, cfg Config) error {
	b.describing.Lock()
	defer b.describing.Unlock()
	now := b.cfg()
	cfg.Presence, cfg.Page, cfg.Logger, cfg.Observer = now.Presence, now.Page, now.Logger, now.Observer
	// The listener's and the http.Server's, which cannot be changed.
	cfg.TLS, cfg.HandshakeTimeout, cfg.MaxHeader = now.TLS, now.HandshakeTimeout, now.MaxHeader
	if err := cfg.check(); err != nil {
		return err
	}
	app := b.app.Load()
	if app == nil {
		return ErrStarting
	}
	app = app.Under(&cfg.Isolation)
	if cfg.PHP != now.PHP {
		fresh, err := b.describe(ctx, &cfg, app)
		if err != nil {
			return err
		}
		app = fresh
		b.recovered()
	}
	b.config.Store(&cfg)
	b.app.Store(app)
	b.scheduler.Resize(cfg.Parallel)
	b.limiter.SetLimits(cfg.Limits)
	b.backlog.Resize(cfg.EventQueueTotal, cfg.EventQueueTotalBytes)
	if cfg.LoopInterval != now.LoopInterval {
		b.pace()
	}
	return nil
}
