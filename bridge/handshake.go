package bridge

import (
	"cmp"
	"errors"
	"net/http"
	"time"

	"github.com/wsbridge/wsbridge/bridge/door"
	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/bridge/schedule"
	"github.com/wsbridge/wsbridge/bridge/socket"
	"github.com/wsbridge/wsbridge/protocol"
)

// handshake takes c from CONNECTING to OPEN, or to its end, after the events that came before. What authenticate writes into the row becomes
// visible only together with the handshake's result, as in the original, where no other event could run in between.
// If the connection was taken over, the refusal has to be answered there.
func (b *Bridge) handshake(c *client, w http.ResponseWriter, r *http.Request) (taken *socket.Conn, no *door.Refusal) {
	if ending, _, _ := c.howEnded(); ending == outcome.EndedBusy { // there was no room for a read event; that has been counted
		return nil, &door.Refusal{Why: outcome.RefusedBusy}
	}
	c.early.Flush() // what connect and read handlers have sent
	c.events.Hold() // a close event waits for the end of authenticate and open
	defer c.events.Release()
	env, err := b.cfg().PHP.Environment(r, c.negotiated.subprotocol)
	if err != nil {
		c.logger().Info("bad handshake", keyError, err)
		return nil, b.abandon(c, &door.Refusal{Why: outcome.RefusedMalformed, Detail: "bad request header"})
	}
	c.env, c.session = env, b.sessionOf(r)
	if tracer := b.cfg().Tracer; tracer != nil {
		c.tracer = tracer.Of(r.Header)
	}
	c.request.Store(newRequest(r))
	if !b.backlog.Acquire(len(env)) {
		return nil, b.abandon(c, b.refuseBusy(c, outcome.ErrNoRoom))
	}
	defer b.backlog.Release(len(env))
	d := &dispatcher{bridge: b, client: c, ctx: r.Context(), since: time.Now(), failFast: true,
		terms: schedule.Terms{Class: schedule.Handshake, Session: c.session, Limit: b.cfg().QueueWait, PauseCounts: true}}
	defer d.end()
	if err := d.prepareHandshake(); err != nil {
		return nil, b.abandon(c, b.refuseBusy(c, err))
	}
	if missing := b.missingHeader(r); missing != "" {
		return nil, b.reject(d, nil, &door.Refusal{Why: outcome.RefusedByHandler, Logged: missing})
	}
	c.owe(r.Context())
	if lane, alone := d.handshakeLane(); lane != nil && d.turn.Covers(alone, true) {
		return b.handshakeInLane(lane, d, w, r)
	}
	return nil, b.handshakeInTwo(d, w, r)
}

// prepareHandshake blocks until d has a turn for a handshake's events, or for the first of them.
func (d *dispatcher) prepareHandshake() error {
	if lane, alone := d.handshakeLane(); lane != nil {
		return d.begin(alone, true)
	}
	return d.prepare(protocol.Authenticate)
}

// handshakeInTwo runs authenticate, and then the open event.
func (b *Bridge) handshakeInTwo(d *dispatcher, w http.ResponseWriter, r *http.Request) *door.Refusal {
	done, err := d.dispatch(protocol.Authenticate, nil)
	no := b.verdict(d.client, done, err)
	switch {
	case d.client.hasLeft(): // a handler has closed it, and has run its close handlers
		return cmp.Or(no, &door.Refusal{Why: outcome.RefusedByHandler})
	case no == nil:
		return b.open(d, done, w, r)
	case no.Why == outcome.RefusedBusy:
		return b.abandon(d.client, no)
	}
	return b.reject(d, done, no)
}

// sessionOf returns the client's PHP session, or an empty string.
func (b *Bridge) sessionOf(r *http.Request) string {
	if b.cfg().SessionCookie == "" {
		return ""
	}
	cookie, err := r.Cookie(b.cfg().SessionCookie)
	if err != nil {
		return ""
	}
	return cookie.Value
}

// reject ends a handshake that PHP was asked about, with the close handlers.
func (b *Bridge) reject(d *dispatcher, done *protocol.Done, no *door.Refusal) *door.Refusal {
	d.client.early.HasAnswered() // if not, the refusal is the answer, and nothing from the close handlers
	d.commit(done)
	d.client.markEnded(outcome.EndedRefused, 0, "")
	d.client.close(d, nil)
	return no
}

// abandon ends a handshake that PHP was not asked about. The close handlers run only if connect or read handlers may have run.
func (b *Bridge) abandon(c *client, no *door.Refusal) *door.Refusal {
	if !c.markEnded(outcome.EndedRefused, 0, "") {
		return no
	}
	if c.readEvents {
		c.enqueueClose()
	} else {
		c.leave()
	}
	return no
}

// missingHeader says which header a handshake lacks that is to be refused without asking the application; empty: it lacks none.
func (b *Bridge) missingHeader(r *http.Request) string {
	switch {
	case b.cfg().RequireCookie && len(r.Header["Cookie"]) == 0:
		return "no Cookie header, which server.require_cookie wants"
	case b.cfg().RequireUserAgent && len(r.Header["User-Agent"]) == 0:
		return "no User-Agent header, which server.require_user_agent wants"
	}
	return ""
}

// verdict returns what the end of authenticate means for its client: nil if it may come in.
func (b *Bridge) verdict(c *client, done *protocol.Done, err error) *door.Refusal {
	switch {
	case errors.Is(err, protocol.ErrUnavailable), errors.Is(err, protocol.ErrOverloaded), errors.Is(err, outcome.ErrQueueWait),
		errors.Is(err, outcome.ErrAway):
		return b.refuseBusy(c, err)
	case err != nil:
		return &door.Refusal{Why: outcome.RefusedFailed}
	case !done.True():
		return &door.Refusal{Why: outcome.RefusedByHandler}
	}
	return nil
}

// open answers 101 and runs the open event, in one turn.
func (b *Bridge) open(d *dispatcher, done *protocol.Done, w http.ResponseWriter, r *http.Request) *door.Refusal {
	c := d.client
	if b.hasHandler(protocol.Open) {
		if err := d.prepare(protocol.Open); err != nil {
			return b.reject(d, done, b.refuseBusy(c, err))
		}
	}
	if d.commit(done); c.hasLeft() {
		return &door.Refusal{Why: outcome.RefusedByHandler}
	}
	if c.early.HasAnswered() { // a WebSocket cannot begin with something else than 101
		return b.reject(d, nil, &door.Refusal{Why: outcome.RefusedByHandler})
	}
	conn, err := b.upgrader.Upgrade(w, r, b.socketOptions(c))
	if err != nil {
		c.logger().Info("handshake failed", keyError, err)
		c.markEnded(outcome.EndedByHangup, 0, "")
		c.close(d, nil)
		return &door.Refusal{} // Upgrade has answered, if that was possible
	}
	if !c.opened(conn, false) {
		conn.Abort()
		return &door.Refusal{}
	}
	// The client no longer waits for its handshake. Should open need another turn, it waits like any event.
	d.ctx, d.failFast, d.terms = b.base, false, schedule.Terms{Session: c.session, Limit: b.cfg().QueueWait}
	opened, err := d.dispatch(protocol.Open, nil)
	d.commit(opened)
	c.keepRow()
	if err != nil {
		c.failed(err)
	}
	return nil
}

// socketOptions returns the options for a client that connects now.
func (b *Bridge) socketOptions(c *client) socket.Options {
	cfg := b.cfg()
	return socket.Options{
		Owner: c, Subprotocol: c.negotiated.subprotocol, ServerHeader: cfg.ServerHeader, Deflate: c.negotiated.deflate,
		MaxMessage: cfg.MaxMessage, MessageRate: cfg.MessageRate, MessageBurst: cfg.MessageBurst, ControlRate: cfg.ControlRate,
		ControlBurst: cfg.ControlBurst, SendQueue: cfg.SendQueue, SendQueueBytes: cfg.SendQueueBytes, WriteTimeout: cfg.WriteTimeout,
		MessageTimeout: cfg.MessageTimeout,
	}
}
