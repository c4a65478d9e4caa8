package fastcgi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
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
	timeout     time.Duration // of an exchange
	idleTimeout time.Duration
	slots       chan struct{} // holds an element for each exchange; waiting senders are served in order
	closing     chan struct{}
	once        sync.Once
	sweeps      sync.WaitGroup // the armed timer, until it has run or was stopped

	// mu guards the fields below, and of the connections in open idleSince, and writing deadline.
	mu     sync.Mutex
	open   map[*conn]struct{} // in use and idle
	idle   []*conn            // the one used last is last
	timer  *time.Timer
	armed  bool
	closed bool
}

func newPool(cfg *Config) *pool {
	p := &pool{
		dial:        func(ctx context.Context) (*conn, error) { return dial(ctx, cfg) },
		timeout:     cfg.Timeout,
		idleTimeout: cfg.IdleTimeout,
		slots:       make(chan struct{}, cfg.MaxConnections),
		closing:     make(chan struct{}),
		open:        map[*conn]struct{}{},
	}
	p.timer = time.AfterFunc(time.Hour, p.sweep)
	p.timer.Stop()
	return p
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
		c := p.popIdle()
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
	for c := p.popIdle(); c != nil; c = p.popIdle() {
		p.discard(c)
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
	c.deadline = time.Now().Add(p.timeout)
	return c, nil
}

// discard closes a connection that is not idle.
func (p *pool) discard(c *conn) {
	c.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, c)
}

// popIdle returns the idle connection that was used last, or nil.
func (p *pool) popIdle() *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.idle) - 1
	if last < 0 {
		return nil
	}
	c := p.idle[last]
	p.idle[last] = nil
	p.idle = p.idle[:last]
	c.deadline = time.Now().Add(p.timeout)
	return c
}

// closeOldestIdle closes the connection that has been idle for longest, if there is one. That frees a worker.
func (p *pool) closeOldestIdle() {
	if c := p.popOldest(); c != nil {
		p.discard(c)
	}
}

func (p *pool) popOldest() *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) == 0 {
		return nil
	}
	c := p.idle[0]
	p.idle = slices.Delete(p.idle, 0, 1)
	return c
}

// put makes c idle, or closes it if the pool is closed.
func (p *pool) put(c *conn) {
	c.served = true
	if !p.pushIdle(c) {
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
	if !p.armed {
		p.armTimer()
	}
	return true
}

// armTimer starts the timer. The caller holds mu, and idle is not empty.
func (p *pool) armTimer() {
	p.armed = true
	p.sweeps.Add(1)
	p.timer.Reset(min(sweepInterval, max(0, time.Until(p.idle[0].idleSince.Add(p.idleTimeout)))))
}

// sweep closes connections that were idle for too long, or that php-fpm has closed.
func (p *pool) sweep() {
	defer p.sweeps.Done()
	for _, c := range p.popExpired() {
		p.discard(c)
	}
}

func (p *pool) popExpired() []*conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed = false
	var expired []*conn
	kept := p.idle[:0]
	for _, c := range p.idle {
		if time.Since(c.idleSince) >= p.idleTimeout || !c.isOpen() {
			expired = append(expired, c)
		} else {
			kept = append(kept, c)
		}
	}
	clear(p.idle[len(kept):])
	p.idle = kept
	if len(kept) > 0 && !p.closed {
		p.armTimer()
	}
	return expired
}

// close refuses further exchanges, closes idle connections and waits until all exchanges have released their slot.
func (p *pool) close() {
	p.once.Do(func() {
		close(p.closing)
		for _, c := range p.stop() {
			p.discard(c)
		}
		for range cap(p.slots) {
			p.slots <- struct{}{}
		}
		p.sweeps.Wait()
	})
}

func (p *pool) stop() []*conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if p.armed && p.timer.Stop() {
		p.armed = false
		p.sweeps.Done()
	}
	idle := p.idle
	p.idle = nil
	return idle
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
