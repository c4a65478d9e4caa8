package serve

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/metrics"
	"github.com/wsbridge/wsbridge/fastcgi"
)

// workersTimeout bounds asking php-fpm for its workers.
const workersTimeout = time.Second

// backend owns the php-fpm that events go to. Another php-fpm can take over while events run.
type backend struct {
	*runDir
	log      *slog.Logger
	current  atomic.Pointer[fpm]
	cfg      fpmConfig           // of current; replace is called by one goroutine at a time
	replaced atomic.Pointer[fpm] // ends after current took over; nil: it has ended
	ending   sync.WaitGroup      // waits for replaced
}

// fpmConfig is everything that a change of needs another php-fpm or another client.
type fpmConfig struct {
	config.PHP
	maxPayload config.ByteSize
	payloads   bool // may be logged
}

func fpmConfigOf(cfg *config.Config) fpmConfig {
	f := fpmConfig{cfg.PHP, cfg.Server.SendQueueBytes, cfg.Log.Payloads}
	f.UnavailableWait, f.OnError = 0, "" // only the bridge uses them
	return f
}

// startBackend starts the first php-fpm. The caller closes the backend.
func startBackend(ctx context.Context, cfg *config.Config, log *slog.Logger) (*backend, error) {
	dir, err := openRunDir(&cfg.PHP)
	if err != nil {
		return nil, err
	}
	first, err := dir.start(ctx, cfg, log, log)
	if err != nil {
		return nil, errors.Join(err, dir.close())
	}
	b := &backend{runDir: dir, log: log, cfg: fpmConfigOf(cfg)}
	b.current.Store(first)
	return b, nil
}

// replace calls use with the php-fpm that cfg wants: the current one if nothing about it changed, else one that it starts. If use
// succeeds, the php-fpm before ends after its last event, which replace does not wait for; else the current one stays.
func (b *backend) replace(ctx context.Context, cfg *config.Config, use func(*fpm) error) error {
	before, wanted := b.current.Load(), fpmConfigOf(cfg)
	if reflect.DeepEqual(wanted, b.cfg) {
		return use(before)
	}
	b.ending.Wait() // two php-fpms at a time are enough
	fresh, err := b.start(ctx, cfg, b.log, b.log)
	if err != nil {
		return err
	}
	if err := use(fresh); err != nil {
		return errors.Join(err, fresh.stop())
	}
	b.replaced.Store(before)
	b.current.Store(fresh)
	b.cfg = wanted
	b.ending.Go(func() {
		defer b.replaced.Store(nil)
		if err := before.stop(); err != nil {
			b.log.Error("the php-fpm that was replaced did not end well", "error", err)
		}
	})
	return nil
}

// overdue returns by how much an exchange with a php-fpm has passed its time limit, the latest if there are several, or 0.
func (b *backend) overdue(now time.Time) (late time.Duration) {
	for _, f := range []*fpm{b.current.Load(), b.replaced.Load()} {
		if f != nil {
			late = max(late, f.client.Overdue(now))
		}
	}
	return late
}

// status asks the current php-fpm for its status page.
func (b *backend) status(ctx context.Context) (*fastcgi.Status, error) {
	return b.current.Load().client.Status(ctx)
}

// pool returns how the current php-fpm is used.
func (b *backend) pool() metrics.Pool {
	f := b.current.Load()
	pool := metrics.Pool{Connections: f.client.Connections(), Limit: f.asked.MaxConnections}
	if f.managed != nil {
		pool.Restarts = f.managed.Restarts()
	}
	return pool
}

// workers asks the current php-fpm for its workers; nil if it does not tell, since all are busy or there is no page.
func (b *backend) workers(ctx context.Context) *api.Workers {
	ctx, cancel := context.WithTimeout(ctx, workersTimeout)
	defer cancel()
	f := b.current.Load()
	s, err := f.client.Status(ctx)
	if err != nil {
		return nil
	}
	w := &api.Workers{Active: s.Workers - s.Idle, Idle: s.Idle, Queue: s.ListenQueue, Total: s.Workers}
	if f.managed != nil {
		w.Max = f.managed.Workers()
	}
	return w
}

// close ends all php-fpms and removes their files.
func (b *backend) close() error {
	err := b.current.Load().stop()
	b.ending.Wait()
	return errors.Join(err, b.runDir.close())
}
