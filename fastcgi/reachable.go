package fastcgi

import "context"

// Reachable says why php-fpm takes no connection, or returns nil. It sends nothing and blocks for DialTimeout at most. A kept
// connection that php-fpm has left open is enough, and so is an exchange under way where there may be no more of them. A new one is
// closed again: a worker that waits for its first request would be missing elsewhere.
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
