package fastcgi

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/yookoala/gofast"

	"github.com/wsbridge/wsbridge/protocol"
)

// maxAttempts bounds how often a request is sent. From the second time on the connection is new, and its worker has no reason to
// leave.
const maxAttempts = 3

// Client runs events in one php-fpm. Its methods may be called concurrently.
type Client struct {
	cfg     Config
	session gofast.SessionHandler
	server  []byte // the environment of the server's events
	params  *contractParams
	pool    *pool

	copying  sync.Mutex // guards settings
	settings string     // the file of the last copySettings
}

// New returns a client of the php-fpm that cfg names. It does not connect yet. The caller closes it.
func New(cfg Config) (*Client, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("configure fastcgi: %w", err)
	}
	c := &Client{cfg: cfg, session: newSession(cfg.Script)}
	if c.server, err = c.serverEnvironment(); err != nil {
		return nil, fmt.Errorf("configure fastcgi: %w", err)
	}
	c.params = newContractParams(&c.cfg)
	c.pool = newPool(&c.cfg)
	return c, nil
}

// newToken returns the word that marks the lines of an answer. No application can guess it. It is another one for each request: the
// application can ask PHP for the parameters of its request, and may show them to anybody.
func newToken() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand, Read
	return hex.EncodeToString(b[:])
}

// Close makes further calls of Run fail, closes idle connections, and waits for running exchanges, which Config.Timeout bounds.
func (c *Client) Close() error {
	c.pool.close()
	return nil
}

// Connections returns how many connections to php-fpm there are, in use or idle.
func (c *Client) Connections() int { return c.pool.connections() }

// Waiting returns how many new connections no worker of php-fpm has answered yet: all are busy. php-fpm itself does not know of such
// connections on a unix socket.
func (c *Client) Waiting() int { return int(c.pool.waiting.Load()) }

// Overdue returns how long ago the latest of the running exchanges passed Config.Timeout, or 0. Reading and writing fail at the
// timeout, so an exchange that is long overdue waits for its apply.
func (c *Client) Overdue(now time.Time) time.Duration { return c.pool.overdue(now) }

// Run runs events in one request and blocks until the exchange has ended. The Seq of the events ascend. Run calls apply for each effect as it arrives, on the calling goroutine; a payload is valid
// only during the call. What the application printed arrives as Stray.
//
// Nil means that each event got its done or failed line. An error of apply ends the exchange and is returned unchanged. If ctx
// is cancelled, Run returns its cause, wrapped. Any other error wraps one of these:
//
//   - protocol.ErrUnavailable: php-fpm did not read the request, or refused the entry script (ScriptError), or the client
//     is closed (ErrClosed);
//   - protocol.ErrOverloaded: php-fpm's backlog is full, or ctx's deadline passed while all connections were in use;
//   - protocol.ErrTimeout: Config.Timeout or ctx's deadline passed after the request was sent;
//   - protocol.ErrCutOff: the connection or PHP ended before each event had its last line;
//   - protocol.ErrMalformed: the answer breaks the contract.
//
// The error is that of the first event without an end. Those after it that have not begun, and never will, end with FailedSkipped before Run
// returns; only those without an end may have begun.
//
// A request is sent again only if it is certain that no handler ran, see the package documentation.
func (c *Client) Run(ctx context.Context, apply func(*protocol.Effect) error, events ...*protocol.Event) error {
	if err := checkEvents(events); err != nil {
		return err
	}
	if len(events) > 1 {
		c.addMeta(events)
	}
	return c.run(ctx, c.params.bytes(), apply, events)
}

// run runs events with these WSBRIDGE_ parameters.
func (c *Client) run(ctx context.Context, params []byte, apply func(*protocol.Effect) error, events []*protocol.Event) error {
	if err := c.pool.acquire(ctx); err != nil {
		return err
	}
	defer c.pool.release()
	connect, timing := c.pool.get, &events[0].Timing
	began := time.Now()
	for attempt := 1; ; attempt++ {
		k, err := connect(ctx)
		if err != nil {
			return err
		}
		connected := time.Now()
		if events[0].Kind.IsQuestion() {
			c.pool.bound(k, c.cfg.ownTimeout())
		}
		if len(events) > 1 {
			c.share(ctx, k)
		}
		events[0].Until, events[0].Identify = k.lastBegin(), k.local && !k.asked
		k.request.token = newToken()
		k.request.encode(c.environmentOf(events), params, events)
		err = c.exchange(ctx, k, apply, events)
		if len(events) == 1 {
			timing.Connect, timing.Exchange = connected.Sub(began), time.Since(connected)
		}
		if _, unread := err.(*unreadRequestError); !unread { //nolint:errorlint // never wrapped
			return err
		}
		if attempt == maxAttempts {
			return fmt.Errorf("%w: %w", protocol.ErrUnavailable, err)
		}
		connect = c.pool.replace
	}
}

// environmentOf returns the environment of the first event, which becomes that of the request.
func (c *Client) environmentOf(events []*protocol.Event) []byte {
	if environment := events[0].Environment; environment != nil {
		return environment
	}
	return c.server
}

// exchange sends k's request and reads the answer. It puts k back into the pool or closes it, also if apply panics.
func (c *Client) exchange(ctx context.Context, k *conn, apply func(*protocol.Effect) error, events []*protocol.Event) error {
	k.arm(ctx)
	whole := false
	defer func() {
		if whole && ctx.Err() == nil {
			c.pool.put(k)
		} else {
			c.pool.discard(k)
		}
	}()
	if err := k.send(); err != nil {
		return explain(ctx, err, c.cfg.limitOf(events))
	}
	k.sink.begin(c, k.request.token, apply, events)
	defer k.sink.end()
	err := c.awaitWorker(ctx, k)
	if err == nil {
		var status byte
		if status, err = readAnswer(k.reader, &k.sink); err == nil {
			err = k.sink.finish(status)
		}
		k.announces = k.sink.errors.announced
		k.watchWorker(k.sink.worker)
	}
	if err == nil {
		k.drains = false
		whole = k.timeout == nil // else nothing can be read from it any more
		return nil
	}
	if _, ended := err.(*endedAnswerError); ended { //nolint:errorlint // never wrapped
		k.awaitRelease()
	}
	switch {
	case isLate(ctx, err) && k.isUnread() && c.cfg.away() != nil: // once php-fpm is back, PHP will find that it is too late
		return fmt.Errorf("%w: not read within %v", protocol.ErrUnavailable, c.cfg.limitOf(events))
	case len(events) > 1:
		err = k.sink.skipRest(k, err)
		k.awaitHangup(ctx, c.cfg.IdleTimeout+endMargin)
	case isLate(ctx, err) && !events[0].Kind.IsQuestion():
		return c.awaitEnd(ctx, k, err.(*transportError)) //nolint:errorlint // never wrapped
	}
	return explain(ctx, err, c.cfg.limitOf(events))
}

// awaitWorker waits for the first byte of the answer, and counts a connection that has no worker yet.
func (c *Client) awaitWorker(ctx context.Context, k *conn) error {
	if !k.served {
		c.pool.waiting.Add(1)
		defer c.pool.waiting.Add(-1)
	}
	return k.await(ctx, c.pool.freeWorker)
}

// explain turns a failure of the socket into an error of the contract.
func explain(ctx context.Context, err error, timeout time.Duration) error {
	failed, ok := err.(*transportError) //nolint:errorlint // an error of apply may wrap one
	switch {
	case !ok:
		return err
	case !errors.Is(failed.err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%w: %w", protocol.ErrCutOff, failed.err)
	case ctx.Err() == nil:
		return fmt.Errorf("%w: no end within %v", protocol.ErrTimeout, timeout)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", protocol.ErrTimeout, context.Cause(ctx))
	}
	return fmt.Errorf("run exchange: %w", context.Cause(ctx))
}
