package fastcgi

import "context"

// Reachable returns nil if php-fpm accepts connections, otherwise the reason why not. It sends nothing and blocks for DialTimeout at
// most. An idle connection that php-fpm has left open is proof enough, and so are running exchanges that use all connections. It
// closes a new connection at once, because a worker that waits for a first request on it could not serve others.
func (c *Client) Reachable(ctx context.Context) error {
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
