package bridge

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/wsbridge/wsbridge/bridge/door"
	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/bridge/journal"
	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/bridge/rows"
	"github.com/wsbridge/wsbridge/bridge/schedule"
	"github.com/wsbridge/wsbridge/bridge/socket"
	"github.com/wsbridge/wsbridge/protocol"
)

// Bridge is one server. New, Initialize, Serve and Finalize must be called in this order, each once; in a process that takes over, Prepare and Restore
// in place of Initialize. Unless they say otherwise, all other methods may be called concurrently at any time after New.
type Bridge struct {
	config    atomic.Pointer[Config] // see cfg and Reconfigure
	log       *slog.Logger
	clients   *clients
	table     *rows.Table
	scheduler *schedule.Scheduler
	events    *schedule.Queue // of the server itself
	outage    *schedule.Outage
	late      lateCloses
	journal   atomic.Pointer[journal.Journal] // nil: there is none, see UseJournal
	spool     *spool                          // of journal; nil: there is none
	left      *journal.Left                   // what the process before this one has left, until Serve; nil: nothing
	held      heldLane
	backlog   *schedule.Backlog
	limiter   *door.Limiter
	upgrader  socket.Upgrader
	sends     sendOrder
	// processesWait says that processes which handlers have started have something for these, and that no event for that is queued.
	processesWait atomic.Bool
	audited       atomic.Int64 // key of the client up to which rows were audited last

	tails     observe.Tails
	incidents observe.Incidents
	samplers

	mountAt string // a path that begins and ends with a slash; empty: nothing is mounted
	mount   http.Handler

	app        atomic.Pointer[isolation.Application] // nil before Initialize
	describing chan struct{}                         // holds a value while app is replaced, see lockDescribing
	pace       atomic.Pointer[isolation.Pace]        // of the handlers of app

	base            context.Context // of all events
	abort           context.CancelCauseFunc
	quit            chan struct{} // closed when the shutdown was requested
	quitOnce        sync.Once     // closes quit
	intervalChanged chan struct{} // receives when LoopInterval has changed
	serving         chan struct{} // closed after the started event
	drained         chan struct{} // closed when a drain begins
	noWait          atomic.Bool   // the drain ran out of time: nothing waits for php-fpm any more

	entrance entrance
	endMu    sync.Mutex // held by endClients

	handing  chan struct{} // holds a value from the begin of a hand-over to its end
	handOver handOver
	adopted  adopted // until Serve

	daily dailyFile

	// What each event writes, apart from what each reads: processors would take that out of each other's caches.
	_           [cacheLine]byte
	seq         atomic.Uint64
	work        sync.WaitGroup // goroutines of clients, and events of queues
	totals      totals
	uncommitted atomic.Int64 // events of the lane that have not ended with all that they change
	lanePace    lanePace
	_           [cacheLine]byte
}

// cacheLine is how many bytes processors take from each other at once.
const cacheLine = 64

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
	b.pace.Store(isolation.NewPace())
	b.clients = newClients()
	b.table = rows.New(cfg.Presence, func(err error) { b.log.Error("handlers are not told who has left", keyError, err) })
	b.scheduler = schedule.New(cfg.Parallel, &b.work)
	b.backlog = schedule.NewBacklog(cfg.EventQueueTotal, cfg.EventQueueTotalBytes)
	b.limiter = door.NewLimiter(cfg.Limits)
	b.upgrader.Spawn, b.upgrader.Connections = b.spawn, b.clients.conns
	b.setBudgets()
	b.sends.room = b.roomForSends
	b.describing, b.handing = make(chan struct{}, 1), make(chan struct{}, 1)
	b.handOver.released = make(chan struct{})
	b.base, b.abort = context.WithCancelCause(context.Background())
	b.events = b.scheduler.NewQueue(documents, documentBytes)
	if cfg.Journal != nil {
		b.UseJournal(cfg.Journal)
	}
	return b, nil
}

// Initialize describes the application and runs ws_server_initialize. It waits for php-fpm as long as an event does, or until ctx ends. What
// only one server can have, as the listener and the pipe, should be taken before: handlers must not run in a start that fails.
func (b *Bridge) Initialize(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { b.abortEvents(context.Cause(ctx)) })
	defer stop()
	if err := b.describeFirst(); err != nil {
		return err
	}
	b.takeLeft()
	if lane := b.cfg().Lane; lane != nil {
		if err := lane.Start(b.base, laneState{b}); err != nil {
			return err
		}
	}
	return b.runServerEvent(protocol.Initialize)
}

// describeFirst describes the application in a start.
func (b *Bridge) describeFirst() error {
	return b.retryWhileAway(func() error {
		app, err := b.describe(b.base, b.cfg(), nil)
		b.app.Store(app)
		return err
	}, someWait)
}

// Finalize runs ws_server_finalize and ends all tails. It is the last call, after the pipe is gone too. When another process has taken over, nothing
// runs: the server goes on there.
func (b *Bridge) Finalize() (err error) {
	if !b.HandedOver() {
		err = b.runLastEvent(protocol.Finalize)
	}
	b.tails.Close()
	return err
}

// Mount makes h answer the requests below path that are no WebSocket handshakes, instead of Config.Page. The path must begin and end with a
// slash. Mount must be called before Serve, which waits for the requests when it drains.
func (b *Bridge) Mount(path string, h http.Handler) { b.mountAt, b.mount = path, h }

// spawn runs f in a goroutine that a drain waits for. A drain also waits for its callers, so that work does not grow from zero while it is
// waited for.
func (b *Bridge) spawn(f func()) { b.work.Go(f) }

func (b *Bridge) setBudgets() {
	b.upgrader.Reading.SetLimit(b.cfg().ReadTotalBytes)
	b.upgrader.Sending.SetLimit(b.cfg().SendQueueTotalBytes)
}

// roomForSends is half of what one client may have to be sent, so that a client that reads can take all of it at once.
func (b *Bridge) roomForSends() (effects, size int) {
	cfg := b.cfg()
	return cfg.SendQueue / 2, cfg.SendQueueBytes / 2
}
