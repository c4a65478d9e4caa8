package fastcgi

import (
	"errors"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

func TestReachableWithoutRunningAnything(t *testing.T) {
	f := newSite(t).foreign(t, "pm.max_children = 1")
	c := f.client(t, func(cfg *Config) { cfg.MaxConnections = 1 })
	for range 3 { // as often as one likes: each takes the only worker, and leaves it
		if err := c.Reachable(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Describe(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Reachable(t.Context()); err != nil || !c.pool.hasOpenIdle() {
		t.Errorf("with a kept connection: %v, and kept is %v", err, c.pool.hasOpenIdle())
	}
	c.pool.slots <- struct{}{}
	f.kill()
	if err := c.Reachable(t.Context()); err != nil {
		t.Errorf("while all connections are in use: %v", err)
	}
	c.pool.release()
	eventually(t, "php-fpm is gone", func() bool { return errors.Is(c.Reachable(t.Context()), protocol.ErrUnavailable) })
}
