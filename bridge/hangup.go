package bridge

import (
	"net"
	"time"

	"github.com/wsbridge/wsbridge/bridge/door"
)

// watchInterval is how often a socket that is not read is looked at: one system call, and soon enough for a handler that
// works so long that its client's queue has filled.
const watchInterval = 500 * time.Millisecond

// awaitRoom blocks until c's mailbox has room, then restarts the pong deadline: c was not heard meanwhile.
func (c *client) awaitRoom() error {
	if !c.events.ready(func() { c.watch(c.conn.NetConn()) }) {
		return nil
	}
	return c.alive()
}

// watch notices that c has hung up while nothing is read from it. Nothing can be sent to it any more, as handlers then learn.
// What it has sent before is still read, and its close event comes after that.
func (c *client) watch(conn net.Conn) {
	if door.Of(conn).HungUp() {
		c.bridge.table.lost(c)
	}
}

// cut closes a connection at once. TLS would say goodbye first, and wait for a client that does not read.
func cut(conn net.Conn) { door.Of(conn).Close() }
