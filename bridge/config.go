package bridge

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/wsbridge/wsbridge/bridge/door"
	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/bridge/journal"
	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/bridge/rows"
	"github.com/wsbridge/wsbridge/protocol"
)

// PHP runs the application's handlers.
type PHP interface {
	// Environment returns the protocol.Event.Environment of all events of a client. It is called once for each client, with its handshake:
	// the request as the client sent it to its first proxy, as far as that is known. A URL with the scheme https says that the client's
	// connection is encrypted. An empty subprotocol means that none was negotiated.
	Environment(r *http.Request, subprotocol string) ([]byte, error)
	// Inherit returns what Environment would for a client of another process, from what that one's has returned.
	Inherit(environment []byte) ([]byte, error)
	// Run runs events in PHP, one after the other in the order of their Seq, and blocks until the last one has ended. It calls apply from
	// the same goroutine for each effect as PHP makes it. An effect names its event by Seq; its payload is valid only during that call.
	// Without an error, each event has ended with a done or a failed effect. An error wraps one of package protocol. Events may have ended
	// before it, but only those whose last effect was applied are certain to have run.
	//
	// Each event has its client's environment, so that one call can run events of different clients, if SharesRequests. Of these, events that
	// have not begun, and never will, because one before them did not end, end with FailedSkipped before an error is returned. Run may be
	// called concurrently. The caller decides which events may run at the same time.
	Run(ctx context.Context, apply func(*protocol.Effect) error, events ...*protocol.Event) error
	// SharesRequests reports whether Run takes events of different clients.
	SharesRequests() bool
	// Describe returns what the application's code can do.
	Describe(ctx context.Context) (*protocol.Description, error)
	// Reachable returns nil if PHP can be reached. It runs nothing and does not block for long.
	Reachable(ctx context.Context) error
}

// Lane runs events one after the other, in a process that stays as long as it can: a resident worker, which keeps $connections.
type Lane interface {
	// Boot boots a worker before Start, which then takes less time. It blocks until that waits to be filled. None of the application's code runs.
	Boot(ctx context.Context) error
	// Start blocks until events can run. A *protocol.Failure says that the application's code has failed.
	Start(ctx context.Context, state protocol.State) error
	// Refill has what Start has filled filled anew, while no event runs or waits. It blocks until that is done, or until ctx ends, whose cause it returns.
	Refill(ctx context.Context) error
	// Run runs an event after all others, and more right after it, with no other between them. It does not block.
	Run(x protocol.Exchange, more ...protocol.Exchange)
	// Abort ends the event that runs, and all that wait, with an error. Events that come later run.
	Abort(err error)
	// Behind returns the events that wait for the end of what the lane runs, in their order.
	Behind() []protocol.Exchange
	// HasChildren reports whether there are processes that handlers have started.
	HasChildren() bool
}

// Beside runs events in processes that stay, too, but each with its own row only, beside the lane.
type Beside interface {
	// Run is PHP.Run for one event that RunMode.Beside allows. It reports false, and has run nothing, if no process is free.
	// began is called with the id of a process that is about to be sent the event.
	Run(ctx context.Context, apply func(*protocol.Effect) error, event *protocol.Event, began func(worker int)) (ran bool, err error)
}

// Pipe is the named pipe to which other programs write documents for ws_server_fifo.
type Pipe interface {
	// Run calls deliver with the documents that have come, in order, until ctx ends. It returns after the last call. deliver returns how many it has
	// taken, the first ones, and if that is not all, why.
	Run(ctx context.Context, deliver func(ctx context.Context, documents [][]byte) (taken int, err error)) error
}

// Config is what a Bridge needs. PHP, Logger, Isolation.Mode and all limits and times are required, unless 0 or nil has a meaning.
// Reconfigure replaces the Config while the Bridge runs.
type Config struct {
	PHP      PHP
	Lane     Lane          // nil: each event is a request of its own
	Beside   Beside        // nil: events beside the lane are requests of their own
	Presence rows.Presence // nil: nobody is told
	// Journal keeps what has to outlive the process: documents, and close events that are owed; nil: nothing does. With JournalRows it keeps rows
	// and living global variables too, as they change.
	Journal     *journal.Journal
	JournalRows bool
	Page        http.Handler // answers requests that are no WebSocket handshakes; nil: 426
	Logger      *slog.Logger
	Observer    observe.Observer // nil: none
	Tracer      observe.Tracer   // nil: there are no traces
	// LogPayloads allows messages and documents in the log, cut short, on level debug.
	LogPayloads bool

	TLS *tls.Config // for clients, with TLS 1.2 or later and HTTP/1.1; nil: no TLS

	ServerHeader     string // in the answer 101; empty: none
	RequireCookie    bool   // refuse handshakes without a Cookie header, like the original
	RequireUserAgent bool   // likewise, User-Agent

	door.Policy
	Limits    door.Limits // of the server, over it: 503; of one address, over it: 429
	MaxHeader int         // bytes of a request's line and header fields; over it: 431

	Isolation isolation.Config // which events run together, and which global variables live
	// SessionCookie is the name of the PHP session cookie. Events of clients with the same session run one after the other. Empty: they
	// need not.
	SessionCookie string

	Parallel     int           // events that run together, at most
	CloseOnError bool          // close the client of a failed event with 1011
	LoopInterval time.Duration // between two ws_server_loop events
	// LoopWithoutClients keeps the loop turning while there is no client and no other event has run since its latest turn.
	LoopWithoutClients bool

	MaxMessage       int64 // bytes of a message; over it: 1009
	Compression      bool  // permessage-deflate, if the client offers it
	EmptyText        bool  // make an event of an empty text; the original ignored it
	MessageRate      int   // messages of one client per second on average; over it: 1008; 0: no limit
	MessageBurst     int   // messages at once
	ControlRate      int   // likewise, control frames and empty frames that do not end a message
	ControlBurst     int
	EventQueue       int // events of one client that may wait; over it: its socket is not read
	SendQueue        int // messages that may wait for one client, including the one being written; over it: 1013
	SendQueueBytes   int // likewise, bytes
	HandshakeTimeout time.Duration
	WriteTimeout     time.Duration // of one message; over it: 1013
	MessageTimeout   time.Duration // for the rest of a message that has begun; over it: 1008
	PingInterval     time.Duration
	PongTimeout      time.Duration // that a client may be silent; over it: its connection is ended
	IdleTimeout      time.Duration // without a message in either direction; over it: 1008; 0: no limit
	QueueWait        time.Duration // of an event for its turn; over it: 1013
	UnavailableWait  time.Duration // of all events for php-fpm that is away; over it: 1013
	DrainTimeout     time.Duration // after which a drain no longer waits
	LastTimeout      time.Duration // of ws_server_shutdown, and of ws_server_finalize
	LongEvent        time.Duration // after which an event that runs is logged, and each time that has doubled; 0: never

	// Events of all clients that wait or run, including handshakes, and their bytes. Over either limit, a client is closed with 1013 and a
	// handshake is answered with 503. Close events and events of the server do not count.
	EventQueueTotal      int
	EventQueueTotalBytes int

	// Bytes of memory, over all clients. Over it, the client that takes most is closed with 1013.
	ReadTotalBytes      int // of messages that are being read
	SendQueueTotalBytes int // of messages that wait for clients; one that waits for several counts once
}

func (c *Config) check() error {
	var errs []error
	has := map[string]bool{
		"PHP": c.PHP != nil, "Logger": c.Logger != nil,
		"Isolation":    slices.Contains([]isolation.Mode{isolation.Auto, isolation.Serial, isolation.PerConnection}, c.Isolation.Mode),
		"Parallel":     c.Parallel > 0,
		"MaxHeader":    c.MaxHeader > 0,
		"LoopInterval": c.LoopInterval > 0, "MaxMessage": c.MaxMessage > 0, "EventQueue": c.EventQueue > 0,
		"EventQueueTotal": c.EventQueueTotal > 0, "EventQueueTotalBytes": c.EventQueueTotalBytes > 0,
		"SendQueue": c.SendQueue > 0, "SendQueueBytes": c.SendQueueBytes > 0,
		"ReadTotalBytes": c.ReadTotalBytes > 0, "SendQueueTotalBytes": c.SendQueueTotalBytes > 0, "MessageTimeout": c.MessageTimeout > 0,
		"HandshakeTimeout": c.HandshakeTimeout > 0, "WriteTimeout": c.WriteTimeout > 0,
		"MessageBurst": c.MessageRate == 0 || c.MessageBurst > 0, "ControlBurst": c.ControlRate == 0 || c.ControlBurst > 0,
		"PingInterval": c.PingInterval > 0, "PongTimeout": c.PongTimeout > 0, "QueueWait": c.QueueWait > 0,
		"UnavailableWait": c.UnavailableWait > 0, "DrainTimeout": c.DrainTimeout > 0, "LastTimeout": c.LastTimeout > 0,
	}
	for _, name := range slices.Sorted(maps.Keys(has)) {
		if !has[name] {
			errs = append(errs, fmt.Errorf("bridge: Config.%s is missing", name))
		}
	}
	return errors.Join(errs...)
}
