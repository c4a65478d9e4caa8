package bridge

import (
	"net"
	"sync"
	"time"

	"github.com/wsbridge/wsbridge/bridge/socket"
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
	return &readEventConn{HalfCloser: conn.(socket.HalfCloser), bridge: l.bridge, expired: make(chan struct{})}, nil
}

// readEventConn is a connection whose client has a row from the first read on. PHP gets all bytes before they are read, and may remove
// them. Only one goroutine at a time may read.
type readEventConn struct {
	socket.HalfCloser // a *door.Conn or a *tls.Conn
	bridge            *Bridge
	client            *client    // nil before the first read
	passed            []byte     // by PHP, and not read yet
	pending           *readEvent // not ended; it is kept when a deadline ends the wait for it

	mu      sync.Mutex    // guards expired
	expired chan struct{} // closed while the read deadline is in the past
}

// NetConn returns the connection below.
func (c *readEventConn) NetConn() net.Conn { return c.HalfCloser }

func (c *readEventConn) whenExpired() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.expired
}

// hasEnded reports whether the pending event has ended, and takes what PHP has passed then. It is for a time in which nobody reads.
func (c *readEventConn) hasEnded() bool {
	if c.pending == nil {
		return true
	}
	select {
	case <-c.pending.done:
		c.passed, c.pending = append(c.passed, c.pending.bytes...), nil
		return true
	default:
		return false
	}
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
	return c.HalfCloser.SetReadDeadline(t)
}

// SetDeadline sets both deadlines.
func (c *readEventConn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}
