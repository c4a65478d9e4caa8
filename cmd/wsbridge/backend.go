package main

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/metrics"
	"github.com/wsbridge/wsbridge/fastcgi"
)

// backend is the php-fpm that events go to. Another one can take over while events run.
type backend struct {
	*place
	log      *slog.Logger
	now      atomic.Pointer[php]
	cfg      phpConfig           // what now was started with; one goroutine at a time replaces it
	replaced atomic.Pointer[php] // by now; nil: it has ended
	retiring sync.WaitGroup      // waits for replaced
}

// phpConfig is what a php-fpm is started and spoken to with.
type phpConfig struct {
	config.PHP
	maxPayload config.ByteSize
	payloads   bool // may be logged
}

func phpConfigOf(cfg *config.Config) phpConfig {
	p := phpConfig{cfg.PHP, cfg.Server.SendQueueBytes, cfg.Log.Payloads}
	p.UnavailableWait, p.OnError = 0, "" // the bridge's
	return p
}

// startBackend starts the first php-fpm. The caller closes the backend.
func startBackend(ctx context.Context, cfg config.Config, log *slog.Logger) (*backend, error) {
	place, err := openPlace(&cfg.PHP)
	if err != nil {
		return nil, err
	}
	first, err := place.start(ctx, cfg, log, log)
	if err != nil {
		return nil, errors.Join(err, place.close())
	}
	b := &backend{place: place, log: log, cfg: phpConfigOf(&cfg)}
	b.now.Store(first)
	return b, nil
}

// replace starts what cfg wants and lets use put it into force. If that works, what was in force before ends when its last event
// has, which is not waited for; if not, all stays as it was. Where cfg wants nothing new, use gets what there is.
func (b *backend) replace(ctx context.Context, cfg config.Config, use func(*php) error) error {
	before, wanted := b.now.Load(), phpConfigOf(&cfg)
	if reflect.DeepEqual(wanted, b.cfg) {
		return use(before)
	}
	b.retiring.Wait() // two php-fpms at a time are enough
	fresh, err := b.start(ctx, cfg, b.log, b.log)
	if err != nil {
		return err
	}
	if err := use(fresh); err != nil {
		return errors.Join(err, fresh.stop())
	}
	b.replaced.Store(before)
	b.now.Store(fresh)
	b.cfg = wanted
	b.retiring.Go(func() {
		defer b.replaced.Store(nil)
		if err := before.stop(); err != nil {
			b.log.Error("the php-fpm that was replaced did not end well", "error", err)
		}
	})
	return nil
}

// overdue returns by how much an exchange with a php-fpm has passed its time limit, the latest if there are several, or 0.
func (b *backend) overdue(now time.Time) (late time.Duration) {
	for _, p := range []*php{b.now.Load(), b.replaced.Load()} {
		if p != nil {
			late = max(late, p.client.Overdue(now))
		}
	}
	return late
}

// status is that of the php-fpm that events go to.
func (b *backend) status(ctx context.Context) (*fastcgi.Status, error) {
	return b.now.Load().client.Status(ctx)
}

// pool is how the php-fpm that events go to is reached.
func (b *backend) pool() metrics.Pool {
	p := b.now.Load()
	pool := metrics.Pool{Connections: p.client.Connections(), Limit: p.connections}
	if p.own != nil {
		pool.Restarts = p.own.Restarts()
	}
	return pool
}

// workers asks the php-fpm that events go to for its workers, and tells how many it may have, 0 if that is not known. It is nil
// if php-fpm does not say.
func (b *backend) workers(ctx context.Context) (s *fastcgi.Status, most int, err error) {
	p := b.now.Load()
	if !p.page {
		return nil, 0, nil
	}
	if p.own != nil {
		most = p.own.Workers()
	}
	s, err = p.client.Status(ctx)
	return s, most, err
}

// close ends all php-fpms and removes their files.
func (b *backend) close() error {
	err := b.now.Load().stop()
	b.retiring.Wait()
	return errors.Join(err, b.place.close())
}
