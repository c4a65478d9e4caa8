package fastcgi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// ErrClosed says that the client was closed. Run returns it together with protocol.ErrUnavailable.
var ErrClosed = errors.New("fastcgi: client is closed")

// sweepInterval is how often idle connections are looked at. A worker of php-fpm that has closed a connection waits until the
// other side has closed it, too.
const sweepInterval = time.Second

// pool bounds the connections and keeps idle ones. An exchange acquires a slot, gets a connection, puts it back or discards
// it, and releases the slot.
type pool struct {
	dial        func(context.Context) (*conn, error)
	timeout     time.Duration // of an exchange; 0: any
	idleTimeout time.Duration
	slots       chan struct{} // holds an element for each exchange; waiting senders are served in order
	closing     chan struct{}
	once        sync.Once
	sweeps      sync.WaitGroup
	waiting     atomic.Int32 // connections that no worker has answered yet
	wanted      atomic.Bool  // one of them has waited while no connection was idle

	// mu guards the fields below, and of the connections in open idleSince, and writing deadline.
	mu       sync.Mutex
	open     map[*conn]struct{} // in use and idle
	idle     []*conn            // the one used last is last
	sweeping bool               // sweep runs
	closed   bool
}

func newPool(cfg *Config) *pool {
	return &pool{
		dial:        func(ctx context.Context) (*conn, error) { return dial(ctx, cfg) },
		timeout:     cfg.Timeout,
		idleTimeout: cfg.IdleTimeout,
		slots:       make(chan struct{}, cfg.MaxConnections),
		closing:     make(chan struct{}),
		open:        map[*conn]struct{}{},
	}
}

// acquire waits for a slot. Waiting up to ctx's deadline is protocol.ErrOverloaded.
func (p *pool) acquire(ctx context.Context) error {
	select {
	case <-p.closing:
		return fmt.Errorf("%w: %w", protocol.ErrUnavailable, ErrClosed)
	default:
	}
	if ctx.Err() == nil {
		select {
		case p.slots <- struct{}{}: // the usual case takes no lock of closing and ctx
			return nil
		default:
		}
		select {
		case p.slots <- struct{}{}:
			return nil
		case <-p.closing:
			return fmt.Errorf("%w: %w", protocol.ErrUnavailable, ErrClosed)
		case <-ctx.Done():
		}
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("%w: no free connection: %w", protocol.ErrOverloaded, context.Cause(ctx))
	}
	return fmt.Errorf("wait for a connection: %w", context.Cause(ctx))
}

func (p *pool) release() { <-p.slots }

// get returns a connection that the end of ctx interrupts: the one used last if it is still usable, else a new one. It dials
// only if none is idle, so there are never more connections than slots.
func (p *pool) get(ctx context.Context) (*conn, error) {
	for {
		c := p.popIdle(false)
		if c == nil {
			return p.connect(ctx)
		}
		if c.interrupter.bind(ctx) && c.isUsable() {
			return c, nil
		}
		p.discard(c)
	}
}

// replace returns a new connection after a worker has left, and closes the idle ones: php-fpm may be reloading, and accepts no
// connection before the workers that idle ones hold have ended. The caller has discarded its own connection.
func (p *pool) replace(ctx context.Context) (*conn, error) {
	for p.closeOldestIdle() {
	}
	return p.connect(ctx)
}

func (p *pool) connect(ctx context.Context) (*conn, error) {
	c, err := p.dial(ctx)
	if err != nil {
		return nil, err
	}
	c.interrupter.bind(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open[c] = struct{}{}
	c.deadline = p.deadline()
	return c, nil
}

// deadline returns that of an exchange that begins now; zero: there is none.
func (p *pool) deadline() time.Time {
	if p.timeout == 0 {
		return time.Time{}
	}
	return time.Now().Add(p.timeout)
}

// bound gives an exchange another deadline than most have.
func (p *pool) bound(c *conn, timeout time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.deadline = time.Now().Add(timeout)
}

// restart gives the exchange of a connection the whole time again.
func (p *pool) restart(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.deadline = p.deadline()
}

// discard closes a connection that is not idle.
func (p *pool) discard(c *conn) {
	c.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, c)
}

// popIdle returns the idle connection that was used last, or the one that has been idle for longest; nil: there is none.
func (p *pool) popIdle(oldest bool) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := len(p.idle) - 1
	if at < 0 {
		return nil
	}
	if oldest {
		at = 0
	}
	c := p.idle[at]
	p.idle = slices.Delete(p.idle, at, at+1)
	c.deadline = p.deadline()
	return c
}

// closeOldestIdle closes the connection that has been idle for longest and reports whether there was one. That frees a worker.
func (p *pool) closeOldestIdle() bool {
	c := p.popIdle(true)
	if c != nil {
		p.discard(c)
	}
	return c != nil
}

// freeWorker is for a connection that waits for a worker. It closes the one that has been idle for longest, or else the next that is put
// back: while these are used again at once, there would never be an idle one.
func (p *pool) freeWorker() {
	if !p.closeOldestIdle() {
		p.wanted.Store(true)
	}
}

// put makes c idle, or closes it if the pool is closed, or if its worker is wanted.
func (p *pool) put(c *conn) {
	c.served = true
	isWanted := p.wanted.Load() && p.wanted.Swap(false) && p.waiting.Load() > 0
	if isWanted || !p.pushIdle(c) {
		p.discard(c)
	}
}

func (p *pool) pushIdle(c *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	c.idleSince, c.deadline = time.Now(), time.Time{}
	p.idle = append(p.idle, c)
	if !p.sweeping {
		p.sweeping = true
		p.sweeps.Go(p.sweep)
	}
	return true
}

// sweep closes connections that were idle for too long, or that php-fpm has closed, until none is idle.
func (p *pool) sweep() {
	for wait := p.idleTimeout; wait > 0; {
		select {
		case <-p.closing:
			return
		case <-time.After(min(wait, sweepInterval)):
		}
		var expired []*conn
		expired, wait = p.popExpired()
		for _, c := range expired {
			p.discard(c)
		}
	}
}

// popExpired also returns when the next connection will have been idle for too long; 0: none is idle, and the sweep ends.
func (p *pool) popExpired() (expired []*conn, next time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = slices.DeleteFunc(p.idle, func(c *conn) bool {
		kept := time.Since(c.idleSince) < p.idleTimeout && c.isOpen()
		if !kept {
			expired = append(expired, c)
		}
		return !kept
	})
	if p.sweeping = len(p.idle) > 0; p.sweeping {
		next = max(1, p.idleTimeout-time.Since(p.idle[0].idleSince))
	}
	return expired, next
}

// close refuses further exchanges, closes idle connections and waits until all exchanges have released their slot.
func (p *pool) close() {
	p.once.Do(func() {
		close(p.closing)
		p.refuseIdle()
		for p.closeOldestIdle() {
		}
		for range cap(p.slots) {
			p.slots <- struct{}{}
		}
		p.sweeps.Wait()
	})
}

// refuseIdle has put close connections from now on.
func (p *pool) refuseIdle() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
}

// connections returns how many are open.
func (p *pool) connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.open)
}

// overdue returns how far past its deadline the exchange is that is latest, or 0.
func (p *pool) overdue(now time.Time) (late time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		if !c.deadline.IsZero() {
			late = max(late, now.Sub(c.deadline))
		}
	}
	return late
}

// hasOpenIdle reports whether the idle connection that was used last is still open.
func (p *pool) hasOpenIdle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.idle) - 1
	return last >= 0 && p.idle[last].isOpen()
}
