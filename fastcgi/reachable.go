package fastcgi

import (
	"context"
	"fmt"

	"github.com/wsbridge/wsbridge/protocol"
)

// Supervisor knows whether a php-fpm runs whose sockets stay when it ends. Its methods may be called concurrently, and do not block.
type Supervisor interface {
	// Away returns why php-fpm does not run now, or nil.
	Away() error
	// Refused returns why no connection is to be made now, or nil. While it is nil, a connection that nobody accepts yet waits for php-fpm,
	// or is closed unread.
	Refused() error
}

// away returns why php-fpm does not run now, wrapped in protocol.ErrUnavailable, or nil if it does or that is not known.
func (c *Config) away() error {
	if c.Supervisor == nil {
		return nil
	}
	return unavailable(c.Supervisor.Away())
}

func (c *Config) refused() error {
	if c.Supervisor == nil {
		return nil
	}
	return unavailable(c.Supervisor.Refused())
}

func unavailable(reason error) error {
	if reason == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", protocol.ErrUnavailable, reason)
}

// Reachable returns nil if php-fpm runs and accepts connections, otherwise the reason why not. It sends nothing and blocks for DialTimeout at
// most. An idle connection that php-fpm has left open is proof enough, and so are running exchanges that use all connections. It
// closes a new connection at once, because a worker that waits for a first request on it could not serve others.
func (c *Client) Reachable(ctx context.Context) error {
	if err := c.cfg.away(); err != nil {
		return err
	}
	if c.pool.hasOpenIdle() {
		return nil
	}
	select {
	case c.pool.slots <- struct{}{}:
	default:
		return nil
	}
	defer c.pool.release()
	k, err := c.pool.dial(ctx)
	if err != nil {
		return err
	}
	return k.Close()
}
