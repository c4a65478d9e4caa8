package bridge

import (
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/bridge/rows"
	"github.com/wsbridge/wsbridge/bridge/socket"
	"github.com/wsbridge/wsbridge/protocol"
)

// Only for applications that have ws_server_connect or ws_server_read: their clients are in the table from the accepted
// socket on, and each read of the socket is an event before anything else sees its bytes.

// tap makes l's connections tapped ones.
func (b *Bridge) tap(l net.Listener) net.Listener { return &tapListener{l, b} }

type tapListener struct {
	net.Listener
	bridge *Bridge
}

func (l *tapListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil || !l.bridge.has(protocol.Connect) && !l.bridge.has(protocol.Read) {
		return conn, err
	}
	return &tappedConn{Conn: conn, bridge: l.bridge, late: make(chan struct{})}, nil
}

// tappedConn asks PHP about all it reads. One goroutine reads at a time.
type tappedConn struct {
	net.Conn
	bridge *Bridge
	client *client // nil before the first read
	passed []byte  // bytes that PHP let pass, not yet read
	asked  *answer // the event under way, kept when a deadline interrupts the wait for it

	mu   sync.Mutex    // guards late
	late chan struct{} // closed while the read deadline is in the past
}

// answer is an event's bytes and, once ready, what PHP left of them.
type answer struct {
	ready chan struct{}
	bytes []byte
}

// NetConn returns the connection that is read.
func (c *tappedConn) NetConn() net.Conn { return c.Conn }

func (c *tappedConn) Read(p []byte) (int, error) {
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

// meet makes the client, once it is known for whom the connection is, unless a drain has begun: it has to know them all.
func (c *tappedConn) meet() error {
	if v, ok := within[*visitor](c.Conn); ok && v.preamble != nil {
		if err := v.announced(); err != nil {
			return err
		}
	}
	leave, ok := c.bridge.enter()
	if !ok {
		return ErrStopping
	}
	defer leave()
	c.client = c.bridge.newClient(c.Conn.RemoteAddr().String())
	c.client.tapped = true
	c.asked = c.ask(protocol.Connect, nil)
	return nil
}

// fill reads once and asks PHP; the first time it waits for the connect event.
func (c *tappedConn) fill() error {
	if c.asked == nil {
		const size = 8192
		buf := make([]byte, size)
		n, err := c.Conn.Read(buf)
		if err != nil {
			return err
		}
		c.asked = c.ask(protocol.Read, buf[:n])
	}
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	for {
		select {
		case <-c.asked.ready:
			c.passed, c.asked = c.asked.bytes, nil
			return nil
		case <-c.overdue(): // net/http takes its background read back; the event goes on
			return os.ErrDeadlineExceeded
		case <-tick.C:
			c.client.watch(socket.HungUp(c.Conn))
		}
	}
}

func (c *tappedConn) ask(kind protocol.Kind, data []byte) *answer {
	a := &answer{ready: make(chan struct{}), bytes: data}
	b := c.bridge
	if !b.has(kind) {
		close(a.ready)
		return a
	}
	put := c.client.bring(errand{kind: kind, payload: data, after: func(done *protocol.Done, _ error) {
		defer close(a.ready)
		if done == nil {
			return // a failed handler takes nothing away
		}
		switch done.Read() {
		case "quit":
			a.bytes = nil
			b.requestQuit()
		case "consumed":
			a.bytes = nil
		}
	}})
	if !put {
		close(a.ready) // the client has ended; its reader finds out by itself
	}
	return a
}

func (c *tappedConn) overdue() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.late
}

// SetReadDeadline also interrupts a Read that waits for PHP, if t is in the past, as net/http does to stop reading.
func (c *tappedConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	past := !t.IsZero() && !t.After(time.Now())
	select {
	case <-c.late:
		if !past {
			c.late = make(chan struct{})
		}
	default:
		if past {
			close(c.late)
		}
	}
	c.mu.Unlock()
	return c.Conn.SetReadDeadline(t)
}

// SetDeadline sets both deadlines.
func (c *tappedConn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// CloseWrite ends what is written, as the connection itself would.
func (c *tappedConn) CloseWrite() error { return closeWrite(c.Conn) }

// clientOf returns the client that a request's connection has been from the start, or nil. Its row gets the address that a
// proxy's headers tell.
func clientOf(r *http.Request) *client {
	t, ok := connOf[*tappedConn](r)
	if !ok {
		return nil
	}
	if c := t.client; c.peer != r.RemoteAddr {
		c.set(rows.Text("peer_name", r.RemoteAddr))
		c.log.Info("client is behind a proxy", "remote", r.RemoteAddr)
	}
	return t.client
}

// forgetTap ends the client of a connection that closes without having become a WebSocket.
func forgetTap(conn net.Conn, state http.ConnState) {
	if t, ok := conn.(*tappedConn); ok && state == http.StateClosed && t.client != nil {
		t.client.endUnlessDraining(outcome.EndedByHangup)
	}
}
