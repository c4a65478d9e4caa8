package bridge

import "context"

// cfg returns the current configuration. It must not be changed; Reconfigure replaces it.
func (b *Bridge) cfg() *Config { return b.config.Load() }

// Config returns the current configuration.
func (b *Bridge) Config() Config { return *b.cfg() }

// Reconfigure replaces the configuration while clients stay connected. Presence, Page, Logger, Observer, TLS, HandshakeTimeout and MaxHeader
// stay those of New. After an error nothing has changed. Reconfigure may be called concurrently, after Initialize.
//
// Another PHP first has to describe the application, for which Reconfigure blocks until ctx ends. Then events go to it. The old PHP may still
// run some; the caller may end it after Reconfigure has returned.
//
// What concerns handshakes, isolation, global variables, the loop, pings, pongs, waits and the events of all clients together takes effect at
// once. Compression, MaxMessage, the rates and bursts, EventQueue, SendQueue, SendQueueBytes, WriteTimeout, IdleTimeout and SessionCookie
// take effect for new clients.
func (b *Bridge) Reconfigure(ctx context.Context, cfg Config) error {
	b.describing.Lock()
	defer b.describing.Unlock()
	now := b.cfg()
	cfg.Presence, cfg.Page, cfg.Logger, cfg.Observer = now.Presence, now.Page, now.Logger, now.Observer
	// The listener and the http.Server have these, and cannot change them.
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
		b.endOutage()
	}
	b.config.Store(&cfg)
	b.app.Store(app)
	b.scheduler.Resize(cfg.Parallel)
	b.limiter.SetLimits(cfg.Limits)
	b.backlog.Resize(cfg.EventQueueTotal, cfg.EventQueueTotalBytes)
	if cfg.LoopInterval != now.LoopInterval {
		b.resetLoop()
	}
	return nil
}
