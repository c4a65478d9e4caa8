package bridge

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/wsbridge/wsbridge/bridge/door"
	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/bridge/rows"
	"github.com/wsbridge/wsbridge/protocol"
)

// readEvent is an event with the bytes that were read.
type readEvent struct {
	done  chan struct{}
	bytes []byte // when done is closed: those that PHP has passed
}

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
		if c.client.early.Ends() {
			c.client.early.Linger()
			return 0, os.ErrDeadlineExceeded // net/http closes the connection and answers nothing
		}
	}
	n := copy(p, c.passed)
	c.passed = c.passed[n:]
	return n, nil
}

// createClient creates the client when its address is known, and queues its connect event. Once a drain or a hand-over has begun it
// fails, as both have to know all clients.
func (c *readEventConn) createClient() error {
	if err := door.Of(c).Identify(); err != nil {
		return err
	}
	leave, err := c.bridge.entrance.enter(newcomer)
	if err != nil {
		return err
	}
	defer leave()
	c.client = c.bridge.newClient(c.RemoteAddr().String(), c.HalfCloser)
	c.client.readEvents = true
	c.client.owe(context.Background())
	c.pending = c.enqueue(protocol.Connect, nil)
	return nil
}

// fill blocks until the pending event has ended. If there is none, it first reads from the connection.
func (c *readEventConn) fill() error {
	if c.pending == nil {
		const size = 8192
		buf := make([]byte, size)
		n, err := c.HalfCloser.Read(buf)
		if err != nil {
			if errors.Is(err, io.EOF) { // the client may still read
				c.client.early.Flush()
			}
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
	queued := c.client.enqueue(kind, data, time.Now(), func(done *protocol.Done, _ error) {
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
		c.logger().Info("client is behind a proxy", "remote", r.RemoteAddr)
	}
	return c
}

// endUnopened ends the client of a connection that is closed without having become a WebSocket.
func endUnopened(conn net.Conn, state http.ConnState) {
	if c, ok := conn.(*readEventConn); ok && state == http.StateClosed && c.client != nil {
		c.client.endUnlessDraining(outcome.EndedByHangup)
	}
}
