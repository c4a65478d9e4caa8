package bridge

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/protocol"
)

// client is one connection, from the accepted socket to the end of its close event.
type client struct {
	// Set before another goroutine sees the client.
	bridge     *Bridge
	key        int64
	peer       string // ip:port
	env        []byte
	agreed     agreement // in its handshake
	session    string    // the PHP session it shares with others, if that is to matter; else empty
	log        *slog.Logger
	events     *mailbox
	readEvents bool  // and connect events: PHP has known it since the socket was accepted
	came       int64 // microseconds since 1970

	tally   tally
	last    atomic.Int64 // when its last message came, as came
	request atomic.Pointer[Request]
	history history

	row row // guarded by table.mu

	// Set by opened, with table.mu held; constant afterwards.
	conn  *websocket.Conn
	guard *guard // its socket
	out   *outbox
	ping  *time.Timer
	idle  *idleness

	halves atomic.Int32 // reader and writer that have ended; the second closes the socket

	mu     sync.Mutex // guards how it ends
	ended  bool
	ending outcome.Ending
	code   int
	reason string

	wrote     bool // what it was owed, and our close frame
	lingering bool // it is waited for to end the connection
}

// newClient adds a row in state CONNECTING.
func (b *Bridge) newClient(peer string) *client {
	c := &client{bridge: b, peer: peer, came: time.Now().UnixMicro()}
	c.last.Store(c.came)
	cfg := b.cfg()
	c.events = newMailbox(cfg.EventQueue, int(cfg.MaxMessage), b.spawn, c.run)
	b.table.add(c, peer, func() { c.log = b.log.With(keyClient, c.key, keyPeer, peer) })
	return c
}

// opened makes c an open WebSocket, whose socket is g, and then sends the handshake's answer: who has it is OPEN to everybody. It
// reports false if c was ended by a drain out of time.
func (c *client) opened(conn *websocket.Conn, g *guard) bool {
	cfg := c.bridge.cfg()
	conn.SetPingHandler(c.pinged)
	conn.SetPongHandler(c.ponged)
	open := c.bridge.table.open(c, func() {
		c.conn, c.guard = conn, g
		c.out = &outbox{conn: conn, guard: g, spawn: c.bridge.spawn, ended: c.written, wrote: cfg.Observer.Written, told: c.told,
			timeout: cfg.WriteTimeout, deflate: g.deflate, limit: cfg.SendQueue, bytes: cfg.SendQueueBytes}
		c.ping = time.AfterFunc(cfg.PingInterval, c.sendPing)
		c.idle = c.watchIdle()
		c.out.greet(g.greeting())
		c.bridge.totals.accepted.Add(1)
	})
	if open {
		c.bridge.spawn(c.out.drain)
	}
	return open
}

func (c *client) sendPing() {
	if c.hasEnded() {
		return
	}
	c.bridge.table.set(c, protocol.Field{Name: "ping_time", Value: microtime(time.Now())})
	c.send(outgoing{op: websocket.PingMessage}, 0)
	c.ping.Reset(c.bridge.cfg().PingInterval)
}

// send queues o; a client that has too much queued already is ended.
func (c *client) send(o outgoing, size int) error {
	idle, err := c.queue(o, size)
	if idle {
		c.bridge.spawn(c.out.drain)
	}
	return err
}

// queue is send for callers that start the writer: it reports whether there is none.
func (c *client) queue(o outgoing, size int) (idle bool, err error) {
	if o.isMessage() {
		c.idle.note()
	}
	idle, err = c.out.enter(o, size)
	if errors.Is(err, errOutboxFull) {
		c.end(outcome.EndedSlow)
	}
	return idle, err
}

// end queues the close event behind the client's other events, with the ending's own code. Only the first call counts.
func (c *client) end(e outcome.Ending) {
	code, reason := e.Close()
	c.endWith(e, code, reason)
}

// endUnlessDraining is end for goroutines that a drain does not wait for. Once one has begun, it ends all clients itself.
func (c *client) endUnlessDraining(e outcome.Ending) {
	if leave, ok := c.bridge.enter(); ok {
		defer leave()
		c.end(e)
	}
}

func (c *client) endWith(e outcome.Ending, code int, reason string) {
	if !c.markEnded(e, code, reason) {
		return
	}
	if isLimit(e) && c.bridge.excess.isFirst(e) {
		c.log.Warn("client is over a limit", keyEnding, e.String())
	}
	switch e {
	case outcome.EndedSlow:
		c.out.abort(code, reason)
		fallthrough
	case outcome.EndedByHangup, outcome.EndedSilent:
		c.bridge.table.lost(c)
	}
	c.events.last(errand{kind: protocol.Closing})
}

// markEnded records how the client ends; it reports false if that is settled already.
func (c *client) markEnded(e outcome.Ending, code int, reason string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return false
	}
	c.ended, c.ending, c.code, c.reason = true, e, code, reason
	return true
}

func (c *client) hasEnded() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

func (c *client) how() (e outcome.Ending, code int, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ending, c.code, c.reason
}

// leave ends the client for good: its row goes, its queued events are dropped, its socket ends behind what it is still
// to be sent. It may be called again.
func (c *client) leave() {
	if !c.bridge.table.remove(c) {
		return
	}
	c.events.close()
	ending, code, reason := c.how()
	level := slog.LevelInfo
	if ending == outcome.EndedRefused { // its refusal has been logged, or counted
		level = slog.LevelDebug
	}
	c.log.Log(context.Background(), level, "client left", keyEnding, ending.String(), keyCode, code)
	c.bridge.cfg().Observer.Ended(ending)
	if c.out != nil {
		c.ping.Stop()
		c.idle.stop()
		c.out.close(code, reason)
	}
}

// gone reports whether the client has left.
func (c *client) gone() bool { return c.bridge.table.get(c.key) == nil }

// written is called when the writer has ended, with the error that ended it. The other side may still answer our close frame;
// where nothing is read any more but the end, it is asked for it (RFC 6455, section 7.1.1).
func (c *client) written(drop bool, err error) {
	if network, ok := errors.AsType[net.Error](err); ok && network.Timeout() {
		c.end(outcome.EndedSlow)
	}
	c.mu.Lock()
	c.wrote = true
	lingering := c.lingering
	c.mu.Unlock()
	switch {
	case err != nil:
		cut(c.conn.NetConn())
	case drop, lingering && !c.halfClose():
		c.conn.Close()
	default:
		c.conn.SetReadDeadline(time.Now().Add(closeWait))
	}
	c.halfEnded()
}

// halfClose ends what is written; it reports false where that cannot be.
func (c *client) halfClose() bool {
	half, ok := c.guard.Conn.(interface{ CloseWrite() error })
	return ok && half.CloseWrite() == nil
}

// beginLinger reports whether the writer has ended before, so that it has not asked for the other side's end.
func (c *client) beginLinger() (wrote bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lingering = true
	return c.wrote
}

func (c *client) halfEnded() {
	if c.halves.Add(1) == 2 {
		c.conn.Close()
		c.bridge.table.hungUp(c)
	}
}
