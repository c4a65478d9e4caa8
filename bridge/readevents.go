package bridge

import (
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/wsbridge/wsbridge/bridge/door"
	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/bridge/rows"
	"github.com/wsbridge/wsbridge/protocol"
)

// withReadEvents makes connect and read events for the connections of l, if the application has ws_server_connect or ws_server_read.
func (b *Bridge) withReadEvents(l net.Listener) net.Listener { return &readEventListener{l, b} }

type readEventListener struct {
	net.Listener
	bridge *Bridge
}

func (l *readEventListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil || !l.bridge.hasHandler(protocol.Connect) && !l.bridge.hasHandler(protocol.Read) {
		return conn, err
	}
	return &readEventConn{halfCloser: conn.(halfCloser), bridge: l.bridge, expired: make(chan struct{})}, nil
}

// halfCloser is a connection that can be closed for writing only: a *door.Conn or a *tls.Conn.
type halfCloser interface {
	net.Conn
	CloseWrite() error
}

// readEventConn is a connection whose client has a row from the first read on. PHP gets all bytes before they are read, and may remove
// them. Only one goroutine at a time may read.
type readEventConn struct {
	halfCloser
	bridge  *Bridge
	client  *client    // nil before the first read
	passed  []byte     // by PHP, and not read yet
	pending *readEvent // not ended; it is kept when a deadline ends the wait for it

	mu      sync.Mutex    // guards expired
	expired chan struct{} // closed while the read deadline is in the past
}

// readEvent is an event with the bytes that were read.
type readEvent struct {
	done  chan struct{}
	bytes []byte // when done is closed: those that PHP has passed
}

// NetConn returns the connection below.
func (c *readEventConn) NetConn() net.Conn { return c.halfCloser }

// Read blocks until PHP has passed bytes, or until the read deadline.
func (c *readEventConn) Read(p []byte) (int, error) {
	if c.client == nil {
		if err := c.createClient(); err != nil {
			return 0, err
		}
	}
	for len(c.passed) == 0 {
		if err := c.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, c.passed)
	c.passed = c.passed[n:]
	return n, nil
}

// createClient creates the client when its address is known, and queues its connect event. Once a drain has begun it fails, as the drain has
// to know all clients.
func (c *readEventConn) createClient() error {
	if err := door.Of(c).Identify(); err != nil {
		return err
	}
	leave, ok := c.bridge.enter()
	if !ok {
		return ErrStopping
	}
	defer leave()
	c.client = c.bridge.newClient(c.RemoteAddr().String())
	c.client.readEvents = true
	c.pending = c.enqueue(protocol.Connect, nil)
	return nil
}

// fill blocks until the pending event has ended. If there is none, it first reads from the connection.
func (c *readEventConn) fill() error {
	if c.pending == nil {
		const size = 8192
		buf := make([]byte, size)
		n, err := c.halfCloser.Read(buf)
		if err != nil {
			return err
		}
		c.pending = c.enqueue(protocol.Read, buf[:n])
	}
	tick := time.NewTicker(hangupInterval)
	defer tick.Stop()
	for {
		select {
		case <-c.pending.done:
			c.passed, c.pending = c.pending.bytes, nil
			return nil
		case <-c.whenExpired(): // net/http ends its background read; the event goes on
			return os.ErrDeadlineExceeded
		case <-tick.C:
			c.client.checkHangup(door.Of(c).HungUp())
		}
	}
}

func (c *readEventConn) enqueue(kind protocol.Kind, data []byte) *readEvent {
	e := &readEvent{done: make(chan struct{}), bytes: data}
	b := c.bridge
	if !b.hasHandler(kind) {
		close(e.done)
		return e
	}
	queued := c.client.enqueue(kind, data, func(done *protocol.Done, _ error) {
		defer close(e.done)
		if done == nil {
			return // a handler that failed removes nothing
		}
		switch done.Read() {
		case "quit":
			e.bytes = nil
			b.Drain()
		case "consumed":
			e.bytes = nil
		}
	})
	if !queued {
		close(e.done) // the client has ended, which the reader will notice
	}
	return e
}

func (c *readEventConn) whenExpired() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.expired
}

// SetReadDeadline with a time in the past also ends a Read that waits for PHP. That is how net/http ends its background read.
func (c *readEventConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	past := !t.IsZero() && !t.After(time.Now())
	select {
	case <-c.expired:
		if !past {
			c.expired = make(chan struct{})
		}
	default:
		if past {
			close(c.expired)
		}
	}
	c.mu.Unlock()
	return c.halfCloser.SetReadDeadline(t)
}

// SetDeadline sets both deadlines.
func (c *readEventConn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// clientOf returns the client of a request's connection, or nil if there are no read events. The row gets the address from the headers of a
// proxy.
func clientOf(r *http.Request) *client {
	conn, ok := connOf(r).(*readEventConn)
	if !ok {
		return nil
	}
	c := conn.client
	if c.peer != r.RemoteAddr {
		c.set(rows.Text("peer_name", r.RemoteAddr))
		c.log.Info("client is behind a proxy", "remote", r.RemoteAddr)
	}
	return c
}

// endUnopened ends the client of a connection that is closed without having become a WebSocket.
func endUnopened(conn net.Conn, state http.ConnState) {
	if c, ok := conn.(*readEventConn); ok && state == http.StateClosed && c.client != nil {
		c.client.endUnlessDraining(outcome.EndedByHangup)
	}
}
