package serve

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"reflect"
	"sync/atomic"
	"time"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/metrics"
	"github.com/wsbridge/wsbridge/fastcgi"
	"github.com/wsbridge/wsbridge/fastcgi/resident"
)

// workersTimeout bounds asking php-fpm for its workers.
const workersTimeout = time.Second

// backend owns the php-fpm that events go to. Another php-fpm can take over while events run.
type backend struct {
	*runDir
	log      *slog.Logger
	current  atomic.Pointer[fpm]
	lane     atomic.Pointer[resident.Lane] // nil: events are requests of their own
	cfg      fpmConfig                     // of current; replace is called by one goroutine at a time
	replaced atomic.Pointer[fpm]           // ends after current took over; nil: it has ended
	ended    chan struct{}                 // closed when replaced has ended
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
	removeAbandoned(runDirParent(&cfg.PHP), log)
	dir, err := openRunDir(&cfg.PHP)
	if err != nil {
		return nil, err
	}
	first, err := dir.start(ctx, cfg, log, log)
	if err != nil {
		return nil, errors.Join(err, dir.close())
	}
	b := &backend{runDir: dir, log: log, cfg: fpmConfigOf(cfg), ended: make(chan struct{})}
	close(b.ended)
	b.current.Store(first)
	lane, err := dir.newLane(cfg, first, log)
	if err != nil {
		return nil, errors.Join(err, first.stop(), dir.close())
	}
	b.lane.Store(lane)
	return b, nil
}

// replace calls use with the php-fpm that cfg wants: the current one if nothing about it changed, else one that it starts. If use
// succeeds, the php-fpm before ends after its last event, which replace does not wait for; else the current one stays.
func (b *backend) replace(ctx context.Context, cfg *config.Config, use func(*fpm, *resident.Lane) error) error {
	before, wanted := b.current.Load(), fpmConfigOf(cfg)
	if reflect.DeepEqual(wanted, b.cfg) {
		return use(before, b.lane.Load())
	}
	select {
	case <-b.ended: // two php-fpms at a time are enough
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	fresh, err := b.start(ctx, cfg, b.log, b.log)
	if err != nil {
		return err
	}
	if err := b.useWithLane(ctx, cfg, fresh, use); err != nil {
		return errors.Join(err, fresh.stop())
	}
	b.replaced.Store(before)
	b.current.Store(fresh)
	b.cfg = wanted
	ended := make(chan struct{})
	b.ended = ended
	go func() {
		defer close(ended)
		defer b.replaced.Store(nil)
		if err := before.stop(); err != nil {
			b.log.Error("the php-fpm that was replaced did not end well", "error", err)
		}
	}()
	return nil
}

// missing returns the path of something in the run-time folder that somebody has removed; empty: all is there. It may be wrong while
// replace runs.
func (b *backend) missing() string {
	path := b.runDir.missing()
	if lane := b.lane.Load(); lane != nil && path == "" {
		path = lane.Missing()
	}
	f := b.current.Load()
	if f.managed != nil && path == "" {
		path = f.managed.Missing()
	}
	if settings := f.client.SettingsCopy(); settings != "" && path == "" {
		if _, err := os.Lstat(settings); os.IsNotExist(err) {
			path = settings
		}
	}
	return path
}

// restore makes anew what is missing of the run-time folder, and lets replace replace the current php-fpm whatever it is told: one of our own
// has lost its files, and workers have the file open that was the presence file.
func (b *backend) restore() error {
	if err := b.runDir.restore(); err != nil {
		return err
	}
	if lane := b.lane.Load(); lane != nil {
		if err := lane.Restore(); err != nil {
			return err
		}
	}
	b.cfg = fpmConfig{}
	return nil
}

// useWithLane calls use with fresh and the lane for it. The lane that there is goes on with workers of fresh.
func (b *backend) useWithLane(ctx context.Context, cfg *config.Config, fresh *fpm, use func(*fpm, *resident.Lane) error) error {
	old := b.lane.Load()
	booter, lane := fresh.booter(), old
	switch {
	case booter == nil:
		lane = nil
	case lane == nil:
		var err error
		if lane, err = resident.NewLane(b.laneConfig(cfg, fresh, b.log), booter); err != nil {
			return err
		}
	}
	if err := use(fresh, lane); err != nil {
		if lane != nil && lane != old {
			err = errors.Join(err, lane.Close(ctx))
		}
		return err
	}
	b.lane.Store(lane)
	switch {
	case old == nil:
		return nil
	case lane == nil:
		return old.Close(ctx)
	}
	lane.Use(ctx, b.laneConfig(cfg, fresh, b.log), booter)
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
	pool := metrics.Pool{Connections: f.client.Connections(), Waiting: f.client.Waiting(), Limit: f.asked.MaxConnections}
	if f.managed != nil {
		pool.Restarts = f.managed.Restarts()
	}
	return pool
}

// errNoStatusPath says what the operator can do about fastcgi.ErrNoStatusPage.
var errNoStatusPath = errors.New("php.status_path does not name the status page of php-fpm")

// workers asks the current php-fpm for its workers. It does not tell if all are busy, or if there is no page.
func (b *backend) workers(ctx context.Context) (*api.Workers, error) {
	ctx, cancel := context.WithTimeout(ctx, workersTimeout)
	defer cancel()
	f := b.current.Load()
	s, err := f.client.Status(ctx)
	if errors.Is(err, fastcgi.ErrNoStatusPage) {
		return nil, errNoStatusPath
	}
	if err != nil {
		return nil, err
	}
	w := &api.Workers{Active: s.Workers - s.Idle, Idle: s.Idle, Total: s.Workers}
	if f.managed != nil {
		w.Max = f.managed.Workers()
	}
	return w, nil
}

// workersEnd is how long resident workers have to end once no event runs any more: those that do not leave within their own time are killed.
const workersEnd = 5 * time.Second

// close ends all php-fpms and removes their files.
func (b *backend) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), workersEnd)
	defer cancel()
	var err error
	if lane := b.lane.Load(); lane != nil {
		err = lane.Close(ctx)
	}
	err = errors.Join(err, b.current.Load().stop())
	<-b.ended
	return errors.Join(err, b.runDir.close())
}
