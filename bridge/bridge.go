package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

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
		cfg.Observer = observe.Nobody{}
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

func (c *Config) check() error {
	var errs []error
	for name, ok := range map[string]bool{
		"PHP": c.PHP != nil, "Logger": c.Logger != nil,
		"Isolation":    slices.Contains([]isolation.Mode{isolation.Auto, isolation.Serial, isolation.PerConnection}, c.Isolation.Mode),
		"Parallel":     c.Parallel > 0,
		"MaxHeader":    c.MaxHeader > 0,
		"LoopInterval": c.LoopInterval > 0, "MaxMessage": c.MaxMessage > 0, "EventQueue": c.EventQueue > 0,
		"EventQueueTotal": c.EventQueueTotal > 0, "EventQueueTotalBytes": c.EventQueueTotalBytes > 0,
		"SendQueue": c.SendQueue > 0, "SendQueueBytes": c.SendQueueBytes > 0,
		"HandshakeTimeout": c.HandshakeTimeout > 0, "WriteTimeout": c.WriteTimeout > 0,
		"MessageBurst": c.MessageRate == 0 || c.MessageBurst > 0, "ControlBurst": c.ControlRate == 0 || c.ControlBurst > 0,
		"PingInterval": c.PingInterval > 0, "PongTimeout": c.PongTimeout > 0, "QueueWait": c.QueueWait > 0,
		"UnavailableWait": c.UnavailableWait > 0, "DrainTimeout": c.DrainTimeout > 0,
	} {
		if !ok {
			errs = append(errs, fmt.Errorf("bridge: Config.%s is missing", name))
		}
	}
	return errors.Join(errs...)
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
	_, err = b.serverDispatcher().run(protocol.Initialize, nil)
	return err
}

// Finalize runs ws_server_finalize, the last thing that happens, when the pipe is gone too.
func (b *Bridge) Finalize() error {
	_, err := b.serverDispatcher().run(protocol.Finalize, nil)
	b.abort(outcome.ErrStopped)
	b.tails.Close()
	return err
}

// Ready returns nil if the bridge takes clients, else why it does not: it is starting, paused or shutting down, or php-fpm is
// away. When it was away as far as is known, it is asked again, at most until ctx ends.
func (b *Bridge) Ready(ctx context.Context) error {
	switch {
	case b.isDraining():
		return ErrStopping
	case b.app.Load() == nil:
		return ErrStarting
	case b.Paused():
		return ErrPaused
	}
	if err := b.reach(ctx); err != nil {
		return fmt.Errorf("php-fpm is away: %w", err)
	}
	return nil
}

// Away reports whether php-fpm is. It looks as Ready does, without an event, and blocks until ctx ends at most.
func (b *Bridge) Away(ctx context.Context) bool { return b.reach(ctx) != nil }

// reach looks for php-fpm, and asks it if it was away when it was last needed.
func (b *Bridge) reach(ctx context.Context) error {
	if !b.outage.On() {
		return b.cfg().PHP.Reachable(ctx)
	}
	if _, err := b.cfg().PHP.Describe(ctx); err != nil {
		return err
	}
	b.recovered()
	return nil
}

func (b *Bridge) isDraining() bool {
	b.entranceMu.Lock()
	defer b.entranceMu.Unlock()
	return b.draining
}

// Mount has h answer requests below path that are no WebSocket handshake, in place of Config.Page. Path begins and ends with a
// slash. It is called before Serve, whose drain waits for the requests.
func (b *Bridge) Mount(path string, h http.Handler) { b.mountAt, b.mount = path, h }

// Clients returns how many rows there are: clients that are open, and those that come in or leave.
func (b *Bridge) Clients() int { return b.clients.count() }

// Sockets returns how many sockets there are: clients, and those that have not become one yet.
func (b *Bridge) Sockets() int { return b.limiter.Connections() }

// Unsent returns what clients' sockets have not taken yet: messages and control frames, and their bytes. It asks each client.
func (b *Bridge) Unsent() (items, size int) {
	for _, c := range b.clients.connected() {
		n, bytes := c.conn.Queued()
		items += n
		size += bytes
	}
	return items, size
}

// fifo brings a document to ws_server_fifo. It blocks while too many wait.
func (b *Bridge) fifo(_ context.Context, document []byte) error {
	b.showPayload(b.log, "document from the pipe", document)
	if !b.has(protocol.Fifo) {
		b.log.Warn("document from the pipe dropped: there is no ws_server_fifo", keyBytes, len(document))
		return nil
	}
	if !b.events.Put(b.serverEvent(protocol.Fifo, document)) {
		return outcome.ErrStopped
	}
	return nil
}

// loop runs ws_server_loop every LoopInterval until ctx ends. A turn that finds events still waiting is left out.
func (b *Bridge) loop(ctx context.Context) {
	tick := time.NewTicker(b.cfg().LoopInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if b.has(protocol.Loop) {
				b.events.Offer(b.serverEvent(protocol.Loop, nil))
			}
		case <-b.paced:
			tick.Reset(b.cfg().LoopInterval)
		case <-ctx.Done():
			return
		}
	}
}

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
