package bridge

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/bridge/socket"
	"github.com/wsbridge/wsbridge/protocol"
)

// serveHTTP answers a handshake and everything that is none.
func (b *Bridge) serveHTTP(w http.ResponseWriter, r *http.Request) {
	showTLS(r)
	leave, ok := b.enter()
	if !ok {
		b.refuse(w, refusal{why: outcome.RefusedStopping})
		return
	}
	defer leave()
	if no := b.receive(r); no != nil {
		b.decline(w, r, no)
		return
	}
	if !isHandshake(r) {
		b.serveOther(w, r)
		return
	}
	o, no := b.checkHandshake(r)
	if no != nil {
		b.decline(w, r, no)
		return
	}
	c := clientOf(r)
	if c == nil {
		c = b.newClient(r.RemoteAddr)
	}
	if no := b.handshake(c, w, r, o); no != nil {
		if no.why != 0 && !no.counted() {
			c.log.Info("handshake refused", no.attrs()...)
		}
		b.refuse(w, *no)
	}
}

// decline refuses a request that no client is known of.
func (b *Bridge) decline(w http.ResponseWriter, r *http.Request, no *refusal) {
	if !no.counted() {
		log := b.log.With(keyPeer, r.RemoteAddr, keyOrigin, r.Header.Get("Origin"), keyHost, r.Host)
		log.Info("handshake refused", no.attrs()...)
	}
	b.refuse(w, *no)
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
	b.refuse(w, refusal{why: outcome.RefusedNoHandshake})
}

// handshake takes c from CONNECTING to OPEN, or to its end, when the events before it are over. What authenticate writes
// into the row is seen by others only together with what becomes of the client, as in the original, where no other event
// came in between.
func (b *Bridge) handshake(c *client, w http.ResponseWriter, r *http.Request, o offer) *refusal {
	if ending, _, _ := c.how(); ending == outcome.EndedBusy { // there was no room for a read; it has been counted
		return tryLater()
	}
	c.events.hold() // a close event waits for the end of authenticate and open
	defer c.events.release()
	c.subprotocol = o.subprotocol
	env, err := b.cfg().PHP.Environment(r, c.subprotocol)
	if err != nil {
		c.log.Info("bad handshake", keyError, err)
		return b.abandon(c, refusal{outcome.RefusedMalformed, "bad request header"})
	}
	c.env, c.session = env, b.sessionOf(r)
	c.request.Store(newRequest(r))
	if !b.backlog.take(len(env)) {
		return b.abandon(c, *b.busy(c, outcome.ErrNoRoom))
	}
	defer b.backlog.give(len(env))
	t := &turn{bridge: b, client: c, ctx: r.Context(), limit: b.cfg().QueueWait, hasty: true, lane: laneHandshake, since: time.Now()}
	defer t.end()
	if err := t.begin(b.app.Load().RunMode(protocol.Authenticate).Alone); err != nil {
		return b.abandon(c, *b.busy(c, err))
	}
	done, no := b.authenticate(t, r)
	switch {
	case c.gone(): // a handler has closed it, with its close handlers
		return cmp.Or(no, &refusal{why: outcome.RefusedByHandler})
	case no == nil:
		return b.open(t, done, w, r, o)
	case no.why == outcome.RefusedBusy:
		return b.abandon(c, *no)
	}
	return b.reject(t, done, no)
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
func (b *Bridge) reject(t *turn, done *protocol.Done, no *refusal) *refusal {
	t.settle(done)
	t.client.markEnded(outcome.EndedRefused, 0, "")
	t.client.close(t)
	return no
}

// abandon ends a handshake that PHP was not asked about; close handlers run only if connect or read may have run.
func (b *Bridge) abandon(c *client, no refusal) *refusal {
	if !c.markEnded(outcome.EndedRefused, 0, "") {
		return &no
	}
	if c.tapped {
		c.events.last(errand{kind: protocol.Closing})
	} else {
		c.leave()
	}
	return &no
}

// authenticate asks the application; without a refusal the client may come in. What the handler has changed is still to be
// settled.
func (b *Bridge) authenticate(t *turn, r *http.Request) (*protocol.Done, *refusal) {
	forbidden := &refusal{why: outcome.RefusedByHandler}
	if b.cfg().RequireCookie && len(r.Header["Cookie"]) == 0 || b.cfg().RequireUserAgent && len(r.Header["User-Agent"]) == 0 {
		return nil, forbidden
	}
	done, err := t.ask(protocol.Authenticate, nil)
	switch {
	case errors.Is(err, protocol.ErrUnavailable), errors.Is(err, protocol.ErrOverloaded), errors.Is(err, outcome.ErrQueueWait),
		errors.Is(err, outcome.ErrAway):
		return nil, b.busy(t.client, err)
	case err != nil:
		return nil, &refusal{why: outcome.RefusedFailed}
	case !done.True():
		return done, forbidden
	}
	return done, nil
}

// open answers 101 and runs the open event, in one turn.
func (b *Bridge) open(t *turn, done *protocol.Done, w http.ResponseWriter, r *http.Request, o offer) *refusal {
	c := t.client
	if b.has(protocol.Open) {
		if err := t.begin(b.app.Load().RunMode(protocol.Open).Alone); err != nil {
			return b.reject(t, done, b.busy(c, err))
		}
	}
	if t.settle(done); c.gone() {
		return &refusal{why: outcome.RefusedByHandler}
	}
	conn, err := b.upgrader.Upgrade(w, r, b.socketOptions(c, o))
	if err != nil {
		c.log.Info("handshake failed", keyError, err)
		c.markEnded(outcome.EndedByHangup, 0, "")
		c.close(t)
		return &refusal{} // Upgrade has answered what could be answered
	}
	if !c.opened(conn) {
		conn.Abort()
		return &refusal{}
	}
	c.log.Info("client connected")
	b.spawn(c.read) // beside the open event: pings and a hang-up are seen, other events wait for it
	opened, err := t.ask(protocol.Open, nil)
	if t.settle(opened); err != nil {
		c.failed(err)
	}
	return nil
}

// socketOptions are those of a client that comes now. An extension that cannot be agreed to is left out.
func (b *Bridge) socketOptions(c *client, o offer) socket.Options {
	cfg := b.cfg()
	return socket.Options{
		Owner: c, Subprotocol: o.subprotocol, ServerHeader: cfg.ServerHeader, Deflate: cfg.Compression && o.deflate,
		MaxMessage: cfg.MaxMessage, MessageRate: cfg.MessageRate, MessageBurst: cfg.MessageBurst, ControlRate: cfg.ControlRate,
		ControlBurst: cfg.ControlBurst, SendQueue: cfg.SendQueue, SendQueueBytes: cfg.SendQueueBytes, WriteTimeout: cfg.WriteTimeout,
	}
}
