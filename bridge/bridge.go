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

// Bridge is one server: its clients, their rows and the way of their events to PHP.
//
// Its life is New, Initialize, Serve, Finalize, in this order, once.
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

	base    context.Context // of every event; its end gives up what still runs
	abort   context.CancelCauseFunc
	quit    chan struct{} // closed when a handler asks for shutdown
	paced   chan struct{} // tells the loop of another LoopInterval
	once    sync.Once     // closes quit
	serving chan struct{} // closed after the started event
	drained chan struct{} // closed when a drain begins
	noWait  atomic.Bool   // the drain ran out of time: nothing waits for php-fpm any more

	work sync.WaitGroup // every goroutine of a client, and every event of a queue

	entranceMu sync.Mutex // guards draining, and handshakes against growing while they are waited for
	draining   bool
	handshakes sync.WaitGroup
}

// Documents of the pipe that may wait, and their bytes, besides what the pipe holds itself. They are far more than a client's:
// a handler that runs alone and writes into the pipe must not wait for room that only its own end would make.
const (
	documents     = 1024
	documentBytes = 16 << 20
)

// New checks cfg and returns a bridge that does nothing yet.
func New(cfg Config) (*Bridge, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if cfg.Observer == nil {
		cfg.Observer = observe.Nop{}
	}
	b := &Bridge{log: cfg.Logger, outage: schedule.NewOutage(), quit: make(chan struct{}),
		paced: make(chan struct{}, 1), drained: make(chan struct{}), serving: make(chan struct{})}
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

// Initialize describes the application and runs ws_server_initialize. It waits for a php-fpm that is still starting, as
// long as an event would. It is called before the pipe and the listener exist.
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

// Finalize runs ws_server_finalize, the last thing that happens, when the pipe is gone too.
func (b *Bridge) Finalize() error {
	err := b.runServerEvent(protocol.Finalize)
	b.abort(outcome.ErrStopped)
	b.tails.Close()
	return err
}

// Mount has h answer requests below path that are no WebSocket handshake, in place of Config.Page. Path begins and ends with a
// slash. It is called before Serve, whose drain waits for the requests.
func (b *Bridge) Mount(path string, h http.Handler) { b.mountAt, b.mount = path, h }

// requestQuit begins the shutdown that a handler asked for.
func (b *Bridge) requestQuit() {
	b.once.Do(func() { close(b.quit) })
}

// spawn runs f in a goroutine that drain waits for. Its callers are waited for themselves, so the count never grows from
// zero during the wait.
func (b *Bridge) spawn(f func()) { b.work.Go(f) }

// enter counts a handshake, or the making of a client, that drain waits for. It reports false once a drain has begun.
func (b *Bridge) enter() (leave func(), ok bool) {
	b.entranceMu.Lock()
	defer b.entranceMu.Unlock()
	if b.draining {
		return nil, false
	}
	b.handshakes.Add(1)
	return b.handshakes.Done, true
}
