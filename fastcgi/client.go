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

// maxAttempts bounds how often a request is sent. From the second time on the connection is a new one, whose worker has no
// reason to leave.
const maxAttempts = 3

// Client runs events in one php-fpm. Its methods may be called concurrently.
type Client struct {
	cfg          Config
	token        string
	announcement string // with which the PHP half announces that it has read a request
	session      gofast.SessionHandler
	server       []byte // the environment of events that no client caused
	params       *contractParams
	pool         *pool
}

// New returns a client of cfg's php-fpm. It connects to nothing yet. The caller closes it.
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

// newToken returns the word that marks an answer's lines. No application can guess it.
func newToken() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand, Read
	return hex.EncodeToString(b[:])
}

// Close refuses further calls of Run, closes idle connections and waits for running exchanges, each at most as long as
// Config.Timeout.
func (c *Client) Close() error {
	c.pool.close()
	return nil
}

// Connections returns how many connections to php-fpm there are, in use or idle.
func (c *Client) Connections() int { return c.pool.connections() }

// Overdue returns by how much an exchange has passed Config.Timeout without having ended, the latest if there are several, or 0.
// At the timeout all reading and writing fails, so an exchange that is long overdue waits for something else: its apply.
func (c *Client) Overdue(now time.Time) time.Duration { return c.pool.overdue(now) }

// Run runs events in one request and blocks until that has ended. Their Seq ascend, and they share an Environment, since a
// request has only one. Effects reach apply on the calling goroutine as they arrive; a payload is valid only during the
// call. What the application printed reaches it as Stray.
//
// Nil means that every event got its done or failed line. An error of apply ends the exchange and is returned
// unchanged; so is ctx's cause, wrapped, if ctx is cancelled. Any other error wraps one of these:
//
//   - protocol.ErrUnavailable: php-fpm did not read the request, or refused the entry script (ScriptError), or the client
//     is closed (ErrClosed);
//   - protocol.ErrOverloaded: php-fpm's backlog is full, or ctx's deadline passed while all connections were in use;
//   - protocol.ErrTimeout: Config.Timeout or ctx's deadline passed after the request was sent;
//   - protocol.ErrCutOff: the connection ended, or PHP did, before every event had its last line. A failed event can
//     end PHP: those after it have not run then, and the error names the first of them;
//   - protocol.ErrMalformed: the answer is not one of the contract.
//
// A request is sent again only if it is certain that no handler ran, see the package documentation.
func (c *Client) Run(ctx context.Context, apply func(*protocol.Effect) error, events ...*protocol.Event) error {
	if err := checkEvents(events); err != nil {
		return err
	}
	return c.run(ctx, c.params.bytes(), apply, events)
}

// run sends events with these own parameters.
func (c *Client) run(ctx context.Context, own []byte, apply func(*protocol.Effect) error, events []*protocol.Event) error {
	if err := c.pool.acquire(ctx); err != nil {
		return err
	}
	defer c.pool.release()
	take := c.pool.get
	began := time.Now()
	trip := &events[0].Timing
	for attempt := 1; ; attempt++ {
		k, err := take(ctx)
		if err != nil {
			return err
		}
		connected := time.Now()
		k.request.encode(c.environmentOf(events), own, events)
		err = c.exchange(ctx, k, apply, events)
		trip.Connect, trip.Exchange = connected.Sub(began), time.Since(connected)
		if _, unread := err.(*unreadRequestError); !unread { //nolint:errorlint // never wrapped
			return err
		}
		if attempt == maxAttempts {
			return fmt.Errorf("%w: %w", protocol.ErrUnavailable, err)
		}
		take = c.pool.replace
	}
}

// environmentOf returns the environment that the events share.
func (c *Client) environmentOf(events []*protocol.Event) []byte {
	if own := events[0].Environment; own != nil {
		return own
	}
	return c.server
}

// exchange sends k's request and reads the answer. It keeps k or closes it, also when apply panics.
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
		return c.explain(ctx, err)
	}
	if err := k.await(ctx, c.pool.closeOldestIdle); err != nil {
		return c.explain(ctx, err)
	}
	x := &k.sink
	x.begin(c, apply, events)
	defer x.end()
	status, err := readAnswer(k.reader, x)
	if err == nil {
		err = x.finish(status)
	}
	whole = err == nil
	k.announces = x.errors.announced
	return c.explain(ctx, err)
}

// explain turns a failure of the socket into one of the contract's.
func (c *Client) explain(ctx context.Context, err error) error {
	return explain(ctx, err, c.cfg.Timeout)
}

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
