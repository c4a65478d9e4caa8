package bridge

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/wsbridge/wsbridge/bridge/door"
	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/bridge/rows"
	"github.com/wsbridge/wsbridge/protocol"
)

// PHP runs the application's handlers.
type PHP interface {
	// Environment maps a client's handshake to the Environment of all its events, once per client: r as the client has
	// sent it to the first of its proxies, as far as is known; subprotocol is what is agreed to, if anything. A URL with the
	// scheme https says that its connection is encrypted.
	Environment(r *http.Request, subprotocol string) ([]byte, error)
	// Run runs events in PHP, one after the other in the order of their Seq, and calls apply on the calling goroutine for each
	// effect as PHP makes it. An effect names its event by Seq; its payload is valid only during the call. Run blocks until
	// the last event has ended. Nil means that each ended with a done or failed effect. An error wraps one of protocol's;
	// then events may have ended before it, and only those whose last effect reached apply are certain to have run.
	//
	// Each event carries its client's environment, so that PHP that stays in memory can take events of different clients in
	// one call. An implementation that makes one request of a call may refuse events that do not share an environment.
	// Run may be called concurrently; what may run at the same time is the caller's to decide.
	Run(ctx context.Context, apply func(*protocol.Effect) error, events ...*protocol.Event) error
	// Describe reports what the application's code can do.
	Describe(ctx context.Context) (*protocol.Description, error)
	// Reachable returns nil if PHP is there, without running anything, and blocks little.
	Reachable(ctx context.Context) error
}

// Pipe is where other programs write documents for ws_server_fifo.
type Pipe interface {
	// Run calls deliver for each document until ctx ends, and returns after the last call.
	Run(ctx context.Context, deliver func(ctx context.Context, document []byte) error) error
}

// Config is what a Bridge needs. PHP, Logger, Isolation.Mode and every limit and wait are required. Reconfigure
// replaces it while the Bridge runs.
type Config struct {
	PHP      PHP
	Presence rows.Presence // nil: nobody is told
	Page     http.Handler  // answers requests that are no WebSocket handshake; nil: 426
	Logger   *slog.Logger
	Observer observe.Observer // nil: nobody measures
	// LogPayloads lets level debug show messages and documents, cut short.
	LogPayloads bool

	TLS *tls.Config // of clients: TLS 1.2 at least, and HTTP/1.1 only; nil: none

	ServerHeader     string // of the 101 answer; empty: none
	RequireCookie    bool   // a handshake without Cookie is refused, as the original did
	RequireUserAgent bool   // likewise

	door.Policy
	Limits    door.Limits // of the whole server, over them 503; of one address, over them 429
	MaxHeader int         // bytes of a request's line and fields; over it: 431

	Isolation isolation.Config // which events run beside each other, and which global variables live
	// SessionCookie names the cookie by which clients share a PHP session; events of those that do run one after the other.
	// Empty: it does not matter.
	SessionCookie string

	Parallel     int           // events side by side: as many as PHP runs; the others wait for their turn, up to QueueWait
	CloseOnError bool          // a failed event closes its client with 1011
	LoopInterval time.Duration // between two ws_server_loop events

	MaxMessage       int64 // bytes of one message of a client; over it: 1009
	Compression      bool  // permessage-deflate, for clients that offer it
	EmptyText        bool  // an empty text is an event, too; the original kept it from handlers
	MessageRate      int   // messages of one client per second, on average; over it: 1008; 0: any number
	MessageBurst     int   // and at once
	ControlRate      int   // the same of its control frames, and of empty ones, which bring no message forward
	ControlBurst     int
	EventQueue       int // events of one client that wait; over it the client's socket is not read
	SendQueue        int // messages that wait for a client to read them, the one under way included; over it: 1013
	SendQueueBytes   int // their bytes
	HandshakeTimeout time.Duration
	WriteTimeout     time.Duration // of one message to a client; over it, it counts as too slow
	PingInterval     time.Duration
	PongTimeout      time.Duration // without a sign of life the client is dropped
	IdleTimeout      time.Duration // without a message in either direction: 1008; 0: any time
	QueueWait        time.Duration // for an event's turn; over it: 1013
	UnavailableWait  time.Duration // of all events for a php-fpm that is away; over it: 1013
	DrainTimeout     time.Duration // from the end of Serve's context to its return

	// Events of all clients that wait or run, handshakes among them, and the bytes they carry. A client that brings one
	// more is closed with 1013, a handshake answered with 503. Close events and those of the server do not count.
	EventQueueTotal      int
	EventQueueTotalBytes int
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
