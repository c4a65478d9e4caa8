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

// ErrClosed says that the client was closed. Where Run returns it, it comes with protocol.ErrUnavailable.
var ErrClosed = errors.New("fastcgi: client is closed")

// sweepInterval is how often idle connections are looked at. php-fpm's worker waits after it has closed a connection
// until the other side closes it too.
const sweepInterval = time.Second

// pool bounds the connections and keeps idle ones. Each exchange enters, takes a connection, keeps or closes it, and
// leaves.
type pool struct {
	dial        func(context.Context) (*conn, error)
	timeout     time.Duration // of an exchange
	idleTimeout time.Duration
	slots       chan struct{} // one element for each exchange; its senders are served in the order they came
	closing     chan struct{}
	once        sync.Once
	sweeps      sync.WaitGroup // the armed timer, until it has run or was stopped

	// mu guards the fields below, idleSince of the connections in idle, and writing the deadline of those in open.
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
		open:        map[*conn]struct{}{},
		slots:       make(chan struct{}, cfg.MaxConnections),
		closing:     make(chan struct{}),
	}
	p.timer = time.AfterFunc(time.Hour, p.sweep)
	p.timer.Stop()
	return p
}

// enter waits for a turn. Nothing was sent if it fails: waiting up to ctx's deadline is protocol.ErrOverloaded.
func (p *pool) acquire(ctx context.Context) error {
	select {
	case <-p.closing:
		return fmt.Errorf("%w: %w", protocol.ErrUnavailable, ErrClosed)
	default:
	}
	if ctx.Err() == nil {
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

// take returns a connection, the one used last if it is still good. There is none idle when it dials, so idle and
// used ones together are never more than slots.
func (p *pool) get(ctx context.Context) (*conn, error) {
	for {
		c := p.pop()
		if c == nil {
			return p.connect(ctx)
		}
		if c.quiet() {
			return c, nil
		}
		p.discard(c)
	}
}

// replace returns a new connection for one whose worker has left, and closes the idle ones: php-fpm may be reloading, and
// accepts nobody before the workers that they hold have ended. The caller has closed its own one.
func (p *pool) replace(ctx context.Context) (*conn, error) {
	for c := p.pop(); c != nil; c = p.pop() {
		p.discard(c)
	}
	return p.connect(ctx)
}

// connect returns a new connection.
func (p *pool) connect(ctx context.Context) (*conn, error) {
	c, err := p.dial(ctx)
	if err != nil {
		return nil, err
	}
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

func (p *pool) pop() *conn {
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

// spare closes the connection that has been idle for longest, if there is one. That frees a worker.
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

// keep makes c idle, or closes it if the pool is closed.
func (p *pool) put(c *conn) {
	c.accepted = true
	if !p.push(c) {
		p.discard(c)
	}
}

func (p *pool) push(c *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	c.idleSince, c.deadline = time.Now(), time.Time{}
	p.idle = append(p.idle, c)
	if !p.armed {
		p.arm()
	}
	return true
}

// arm starts the timer; the caller holds mu, and idle is not empty.
func (p *pool) arm() {
	p.armed = true
	p.sweeps.Add(1)
	p.timer.Reset(min(sweepInterval, max(0, time.Until(p.idle[0].idleSince.Add(p.idleTimeout)))))
}

// sweep closes connections that were idle for too long, or that php-fpm has closed.
func (p *pool) sweep() {
	defer p.sweeps.Done()
	for _, c := range p.expired() {
		p.discard(c)
	}
}

func (p *pool) expired() []*conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed = false
	var gone []*conn
	kept := p.idle[:0]
	for _, c := range p.idle {
		if time.Since(c.idleSince) >= p.idleTimeout || !c.quiet() {
			gone = append(gone, c)
		} else {
			kept = append(kept, c)
		}
	}
	clear(p.idle[len(kept):])
	p.idle = kept
	if len(kept) > 0 && !p.closed {
		p.arm()
	}
	return gone
}

// close lets nobody enter any more, closes idle connections and waits until all exchanges have left.
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
