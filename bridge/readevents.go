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

// withReadEvents gives l's connections connect and read events, if the application has ws_server_connect or ws_server_read.
func (b *Bridge) withReadEvents(l net.Listener) net.Listener { return &readEventListener{l, b} }

type readEventListener struct {
	net.Listener
	bridge *Bridge
}

func (l *readEventListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil || !l.bridge.has(protocol.Connect) && !l.bridge.has(protocol.Read) {
		return conn, err
	}
	return &readEventConn{halfCloser: conn.(halfCloser), bridge: l.bridge, overdue: make(chan struct{})}, nil
}

// halfCloser is a connection whose two directions end one by one: a *door.Conn or a *tls.Conn.
type halfCloser interface {
	net.Conn
	CloseWrite() error
}

// readEventConn is a connection whose client is in the table from the first read on. Whatever is read is brought to PHP before anything
// else sees the bytes, and PHP may take them away. One goroutine reads at a time.
type readEventConn struct {
	halfCloser
	bridge *Bridge
	client *client    // nil before the first read
	passed []byte     // bytes that PHP let pass, not yet read
	asked  *readEvent // the event under way, kept when a deadline interrupts the wait for it

	mu      sync.Mutex    // guards overdue
	overdue chan struct{} // closed while the read deadline is in the past
}

// readEvent is an event with the bytes that were read and, once done is closed, those that PHP let pass.
type readEvent struct {
	done  chan struct{}
	bytes []byte
}

// NetConn returns the connection that is read.
func (c *readEventConn) NetConn() net.Conn { return c.halfCloser }

// Read blocks until PHP lets bytes pass, or the read deadline is over.
func (c *readEventConn) Read(p []byte) (int, error) {
	if c.client == nil {
		if err := c.meet(); err != nil {
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

// meet makes the client, once its address is known, unless a drain has begun, which has to know all clients.
func (c *readEventConn) meet() error {
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
	c.asked = c.ask(protocol.Connect, nil)
	return nil
}

// fill reads once and asks PHP; the first time it waits for the connect event.
func (c *readEventConn) fill() error {
	if c.asked == nil {
		const size = 8192
		buf := make([]byte, size)
		n, err := c.halfCloser.Read(buf)
		if err != nil {
			return err
		}
		c.asked = c.ask(protocol.Read, buf[:n])
	}
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	for {
		select {
		case <-c.asked.done:
			c.passed, c.asked = c.asked.bytes, nil
			return nil
		case <-c.isOverdue(): // net/http takes its background read back; the event goes on
			return os.ErrDeadlineExceeded
		case <-tick.C:
			c.client.watch(door.Of(c).HungUp())
		}
	}
}

func (c *readEventConn) ask(kind protocol.Kind, data []byte) *readEvent {
	e := &readEvent{done: make(chan struct{}), bytes: data}
	b := c.bridge
	if !b.has(kind) {
		close(e.done)
		return e
	}
	put := c.client.enqueue(kind, data, func(done *protocol.Done, _ error) {
		defer close(e.done)
		if done == nil {
			return // a failed handler takes nothing away
		}
		switch done.Read() {
		case "quit":
			e.bytes = nil
			b.requestQuit()
		case "consumed":
			e.bytes = nil
		}
	})
	if !put {
		close(e.done) // the client has ended; its reader finds out by itself
	}
	return e
}

func (c *readEventConn) isOverdue() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.overdue
}

// SetReadDeadline also interrupts a Read that waits for PHP, if t is in the past, as net/http does to stop reading.
func (c *readEventConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	past := !t.IsZero() && !t.After(time.Now())
	select {
	case <-c.overdue:
		if !past {
			c.overdue = make(chan struct{})
		}
	default:
		if past {
			close(c.overdue)
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

// clientOf returns the client that a request's connection has been since its accept, or nil without read events. Its row gets the
// address that a proxy's headers tell.
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

// endUnopened ends the client of a connection that closes without having become a WebSocket.
func endUnopened(conn net.Conn, state http.ConnState) {
	if c, ok := conn.(*readEventConn); ok && state == http.StateClosed && c.client != nil {
		c.client.endUnlessDraining(outcome.EndedByHangup)
	}
}
