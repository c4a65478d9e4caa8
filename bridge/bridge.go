package bridge

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/wsbridge/wsbridge/bridge/door"
	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/bridge/rows"
	"github.com/wsbridge/wsbridge/bridge/schedule"
	"github.com/wsbridge/wsbridge/bridge/socket"
	"github.com/wsbridge/wsbridge/protocol"
)

// Bridge is one server. New, Initialize, Serve and Finalize must be called in this order, each once; unless they say otherwise, all other
// methods may be called concurrently at any time after New.
type Bridge struct {
	config    atomic.Pointer[Config] // see cfg and Reconfigure
	log       *slog.Logger
	clients   *clients
	table     *rows.Table
	scheduler *schedule.Scheduler
	events    *schedule.Queue // of the server itself
	seq       atomic.Uint64
	outage    *schedule.Outage
	backlog   *schedule.Backlog
	limiter   *door.Limiter
	totals    totals
	upgrader  socket.Upgrader

	tails     observe.Tails
	incidents observe.Incidents
	samplers

	mountAt string // a path that begins and ends with a slash; empty: nothing is mounted
	mount   http.Handler

	app        atomic.Pointer[isolation.Application] // nil before Initialize
	describing sync.Mutex                            // held while app is replaced

	base            context.Context // of all events
	abort           context.CancelCauseFunc
	quit            chan struct{} // closed when the shutdown was requested
	quitOnce        sync.Once     // closes quit
	intervalChanged chan struct{} // receives when LoopInterval has changed
	serving         chan struct{} // closed after the started event
	drained         chan struct{} // closed when a drain begins
	noWait          atomic.Bool   // the drain ran out of time: nothing waits for php-fpm any more

	work sync.WaitGroup // goroutines of clients, and events of queues

	drainMu    sync.Mutex // guards draining, and handshakes against growing while a drain waits for them
	draining   bool
	handshakes sync.WaitGroup // and other things that a drain waits for, see enter
	endMu      sync.Mutex     // held by endClients
}

// How many documents may wait, and their bytes, apart from those that the pipe holds. They are far more than a client's: a handler that
// runs alone and writes to the pipe must not wait for room that only its own end would make.
const (
	documents     = 1024
	documentBytes = 16 << 20
)

// New returns a Bridge that does nothing yet. The error says what is missing in cfg.
func New(cfg Config) (*Bridge, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if cfg.Observer == nil {
		cfg.Observer = observe.Nop{}
	}
	b := &Bridge{log: cfg.Logger, outage: schedule.NewOutage(), quit: make(chan struct{}),
		intervalChanged: make(chan struct{}, 1), drained: make(chan struct{}), serving: make(chan struct{})}
	b.config.Store(&cfg)
	b.clients = newClients()
	b.table = rows.New(cfg.Presence, func(err error) { b.log.Error("handlers are not told who has left", keyError, err) })
	b.scheduler = schedule.New(cfg.Parallel, &b.work)
	b.backlog = schedule.NewBacklog(cfg.EventQueueTotal, cfg.EventQueueTotalBytes)
	b.limiter = door.NewLimiter(cfg.Limits)
	b.upgrader.Spawn = b.spawn
	b.base, b.abort = context.WithCancelCause(context.Background())
	b.events = b.scheduler.NewQueue(documents, documentBytes)
	return b, nil
}

// Initialize describes the application and runs ws_server_initialize. It waits for php-fpm as long as an event does, or until ctx ends. It
// must be called before the pipe and the listener exist.
func (b *Bridge) Initialize(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { b.abort(context.Cause(ctx)) })
	defer stop()
	err := b.retryWhileAway(func() error {
		app, err := b.describe(b.base, b.cfg(), nil)
		b.app.Store(app)
		return err
	}, true)
	if err != nil {
		return err
	}
	return b.runServerEvent(protocol.Initialize)
}

// Finalize runs ws_server_finalize and ends all tails. It is the last call, after the pipe is gone too.
func (b *Bridge) Finalize() error {
	err := b.runServerEvent(protocol.Finalize)
	b.abort(outcome.ErrStopped)
	b.tails.Close()
	return err
}

// Mount makes h answer the requests below path that are no WebSocket handshakes, instead of Config.Page. The path must begin and end with a
// slash. Mount must be called before Serve, which waits for the requests when it drains.
func (b *Bridge) Mount(path string, h http.Handler) { b.mountAt, b.mount = path, h }

// spawn runs f in a goroutine that a drain waits for. A drain also waits for its callers, so that work does not grow from zero while it is
// waited for.
func (b *Bridge) spawn(f func()) { b.work.Go(f) }
