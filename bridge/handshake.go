package bridge

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/wsbridge/wsbridge/bridge/door"
	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/bridge/schedule"
	"github.com/wsbridge/wsbridge/bridge/socket"
	"github.com/wsbridge/wsbridge/protocol"
)

// serveHTTP answers a handshake and everything that is none.
func (b *Bridge) serveHTTP(w http.ResponseWriter, r *http.Request) {
	leave, ok := b.enter()
	if !ok {
		b.refuse(w, &door.Refusal{Why: outcome.RefusedStopping})
		return
	}
	defer leave()
	if no := door.Of(connOf(r)).Receive(r); no != nil {
		b.decline(w, r, no)
		return
	}
	if !isHandshake(r) {
		b.serveOther(w, r)
		return
	}
	agreed, no := b.checkHandshake(r)
	if no != nil {
		b.decline(w, r, no)
		return
	}
	c := clientOf(r)
	if c == nil {
		c = b.newClient(r.RemoteAddr)
	}
	c.agreed = agreed
	if no := b.handshake(c, w, r); no != nil {
		logRefusal(c.log, no)
		b.refuse(w, no)
	}
}

func (b *Bridge) serveOther(w http.ResponseWriter, r *http.Request) {
	if b.mount != nil && (strings.HasPrefix(r.URL.Path, b.mountAt) || r.URL.Path+"/" == b.mountAt) {
		b.bound(w)
		b.mount.ServeHTTP(w, r)
		return
	}
	if b.cfg().Page != nil {
		b.bound(w)
		b.cfg().Page.ServeHTTP(w, r)
		return
	}
	b.refuse(w, &door.Refusal{Why: outcome.RefusedNoHandshake})
}

// handshake takes c from CONNECTING to OPEN, or to its end, when the events before it are over. What authenticate writes
// into the row is seen by others only together with what becomes of the client, as in the original, where no other event
// came in between.
func (b *Bridge) handshake(c *client, w http.ResponseWriter, r *http.Request) *door.Refusal {
	if ending, _, _ := c.how(); ending == outcome.EndedBusy { // there was no room for a read; it has been counted
		return &door.Refusal{Why: outcome.RefusedBusy}
	}
	c.events.Hold() // a close event waits for the end of authenticate and open
	defer c.events.Release()
	env, err := b.cfg().PHP.Environment(r, c.agreed.subprotocol)
	if err != nil {
		c.log.Info("bad handshake", keyError, err)
		return b.abandon(c, &door.Refusal{Why: outcome.RefusedMalformed, Detail: "bad request header"})
	}
	c.env, c.session = env, b.sessionOf(r)
	c.request.Store(newRequest(r))
	if !b.backlog.Acquire(len(env)) {
		return b.abandon(c, b.busy(c, outcome.ErrNoRoom))
	}
	defer b.backlog.Release(len(env))
	d := &dispatcher{bridge: b, client: c, ctx: r.Context(), since: time.Now(), failFast: true,
		terms: schedule.Terms{Class: schedule.Handshake, Session: c.session, Limit: b.cfg().QueueWait, PauseCounts: true}}
	defer d.end()
	if err := d.begin(b.app.Load().RunMode(protocol.Authenticate).Alone); err != nil {
		return b.abandon(c, b.busy(c, err))
	}
	done, no := b.authenticate(d, r)
	switch {
	case c.gone(): // a handler has closed it, with its close handlers
		return cmp.Or(no, &door.Refusal{Why: outcome.RefusedByHandler})
	case no == nil:
		return b.open(d, done, w, r)
	case no.Why == outcome.RefusedBusy:
		return b.abandon(c, no)
	}
	return b.reject(d, done, no)
}

// sessionOf returns the client's PHP session.
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

// reject runs the close handlers of a client that PHP was asked about, and that does not come in.
func (b *Bridge) reject(d *dispatcher, done *protocol.Done, no *door.Refusal) *door.Refusal {
	d.settle(done)
	d.client.markEnded(outcome.EndedRefused, 0, "")
	d.client.close(d, nil)
	return no
}

// abandon ends a handshake that PHP was not asked about; close handlers run only if connect or read may have run.
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

// authenticate asks the application; without a refusal the client may come in. What the handler has changed is still to be
// settled.
func (b *Bridge) authenticate(d *dispatcher, r *http.Request) (*protocol.Done, *door.Refusal) {
	forbidden := &door.Refusal{Why: outcome.RefusedByHandler}
	if b.cfg().RequireCookie && len(r.Header["Cookie"]) == 0 || b.cfg().RequireUserAgent && len(r.Header["User-Agent"]) == 0 {
		return nil, forbidden
	}
	done, err := d.dispatch(protocol.Authenticate, nil)
	switch {
	case errors.Is(err, protocol.ErrUnavailable), errors.Is(err, protocol.ErrOverloaded), errors.Is(err, outcome.ErrQueueWait),
		errors.Is(err, outcome.ErrAway):
		return nil, b.busy(d.client, err)
	case err != nil:
		return nil, &door.Refusal{Why: outcome.RefusedFailed}
	case !done.True():
		return done, forbidden
	}
	return done, nil
}

// open answers 101 and runs the open event, in one turn.
func (b *Bridge) open(d *dispatcher, done *protocol.Done, w http.ResponseWriter, r *http.Request) *door.Refusal {
	c := d.client
	if b.has(protocol.Open) {
		if err := d.begin(b.app.Load().RunMode(protocol.Open).Alone); err != nil {
			return b.reject(d, done, b.busy(c, err))
		}
	}
	if d.settle(done); c.gone() {
		return &door.Refusal{Why: outcome.RefusedByHandler}
	}
	conn, err := b.upgrader.Upgrade(w, r, b.socketOptions(c))
	if err != nil {
		c.log.Info("handshake failed", keyError, err)
		c.markEnded(outcome.EndedByHangup, 0, "")
		c.close(d, nil)
		return &door.Refusal{} // Upgrade has answered what could be answered
	}
	if !c.opened(conn) {
		conn.Abort()
		return &door.Refusal{}
	}
	c.log.Info("client connected")
	b.spawn(c.read)                                                                                          // beside the open event: pings and a hang-up are seen, other events wait for it
	d.ctx, d.failFast, d.terms = b.base, false, schedule.Terms{Session: c.session, Limit: b.cfg().QueueWait} // no handshake any more
	opened, err := d.dispatch(protocol.Open, nil)
	if d.settle(opened); err != nil {
		c.failed(err)
	}
	return nil
}

// socketOptions are those of a client that comes now.
func (b *Bridge) socketOptions(c *client) socket.Options {
	cfg := b.cfg()
	return socket.Options{
		Owner: c, Subprotocol: c.agreed.subprotocol, ServerHeader: cfg.ServerHeader, Deflate: c.agreed.deflate,
		MaxMessage: cfg.MaxMessage, MessageRate: cfg.MessageRate, MessageBurst: cfg.MessageBurst, ControlRate: cfg.ControlRate,
		ControlBurst: cfg.ControlBurst, SendQueue: cfg.SendQueue, SendQueueBytes: cfg.SendQueueBytes, WriteTimeout: cfg.WriteTimeout,
	}
}
