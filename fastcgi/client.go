package fastcgi

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/yookoala/gofast"

	"github.com/wsbridge/wsbridge/protocol"
)

// maxAttempts bounds how often a request is sent. From the second time on the connection is new, and its worker has no reason to
// leave.
const maxAttempts = 3

// Client runs events in one php-fpm. Its methods may be called concurrently.
type Client struct {
	cfg          Config
	token        string
	announcement string // the line with which the PHP half says that it has read a request
	session      gofast.SessionHandler
	server       []byte // the environment of the server's events
	params       *contractParams
	pool         *pool
}

// New returns a client of the php-fpm that cfg names. It does not connect yet. The caller closes it.
func New(cfg Config) (*Client, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("configure fastcgi: %w", err)
	}
	c := &Client{cfg: cfg, token: newToken(), session: newSession(cfg.Script)}
	c.announcement = c.token + " begun"
	if c.server, err = c.serverEnvironment(); err != nil {
		return nil, fmt.Errorf("configure fastcgi: %w", err)
	}
	c.params = newContractParams(&c.cfg, c.token)
	c.pool = newPool(&c.cfg)
	return c, nil
}

// newToken returns the word that marks the lines of an answer. No application can guess it.
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

// Overdue returns how long ago the latest of the running exchanges passed Config.Timeout, or 0. Reading and writing fail at the
// timeout, so an exchange that is long overdue waits for its apply.
func (c *Client) Overdue(now time.Time) time.Duration { return c.pool.overdue(now) }

// Run runs events in one request and blocks until the exchange has ended. The Seq of the events ascend, and they share an
// Environment, since a request has one. Run calls apply for each effect as it arrives, on the calling goroutine; a payload is valid
// only during the call. What the application printed arrives as Stray.
//
// Nil means that each event got its done or failed line. An error of apply ends the exchange and is returned unchanged. If ctx
// is cancelled, Run returns its cause, wrapped. Any other error wraps one of these:
//
//   - protocol.ErrUnavailable: php-fpm did not read the request, or refused the entry script (ScriptError), or the client
//     is closed (ErrClosed);
//   - protocol.ErrOverloaded: php-fpm's backlog is full, or ctx's deadline passed while all connections were in use;
//   - protocol.ErrTimeout: Config.Timeout or ctx's deadline passed after the request was sent;
//   - protocol.ErrCutOff: the connection or PHP ended before each event had its last line. A failed event can end PHP; then
//     the events after it have not run, and the error names the first of them;
//   - protocol.ErrMalformed: the answer breaks the contract.
//
// A request is sent again only if it is certain that no handler ran, see the package documentation.
func (c *Client) Run(ctx context.Context, apply func(*protocol.Effect) error, events ...*protocol.Event) error {
	if err := checkEvents(events); err != nil {
		return err
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
		k.request.encode(c.environmentOf(events), params, events)
		err = c.exchange(ctx, k, apply, events)
		timing.Connect, timing.Exchange = connected.Sub(began), time.Since(connected)
		if _, unread := err.(*unreadRequestError); !unread { //nolint:errorlint // never wrapped
			return err
		}
		if attempt == maxAttempts {
			return fmt.Errorf("%w: %w", protocol.ErrUnavailable, err)
		}
		connect = c.pool.replace
	}
}

// environmentOf returns the environment that events share.
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
		return explain(ctx, err, c.cfg.Timeout)
	}
	if err := k.await(ctx, c.pool.closeOldestIdle); err != nil {
		return explain(ctx, err, c.cfg.Timeout)
	}
	k.sink.begin(c, apply, events)
	defer k.sink.end()
	status, err := readAnswer(k.reader, &k.sink)
	if err == nil {
		err = k.sink.finish(status)
	}
	whole = err == nil
	k.announces = k.sink.errors.announced
	return explain(ctx, err, c.cfg.Timeout)
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
