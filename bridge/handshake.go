package bridge

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/bridge/door"
	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/protocol"
)

// readBuffer is each connection's own read buffer; gorilla reads past it for anything larger. 4096, net/http's size,
// is most of what an idle connection costs.
const readBuffer = 1024

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
	c.events.hold() // a close event waits for the end of authenticate and open
	defer c.events.release()
	env, err := b.cfg().PHP.Environment(r, c.agreed.subprotocol)
	if err != nil {
		c.log.Info("bad handshake", keyError, err)
		return b.abandon(c, &door.Refusal{Why: outcome.RefusedMalformed, Detail: "bad request header"})
	}
	c.env, c.session = env, b.sessionOf(r)
	c.request.Store(newRequest(r))
	if !b.backlog.take(len(env)) {
		return b.abandon(c, b.busy(c, outcome.ErrNoRoom))
	}
	defer b.backlog.give(len(env))
	t := &turn{bridge: b, client: c, ctx: r.Context(), limit: b.cfg().QueueWait, hasty: true, lane: laneHandshake, since: time.Now()}
	defer t.end()
	if err := t.begin(b.app.Load().plans[protocol.Authenticate].alone); err != nil {
		return b.abandon(c, b.busy(c, err))
	}
	done, no := b.authenticate(t, r)
	switch {
	case c.gone(): // a handler has closed it, with its close handlers
		return cmp.Or(no, &door.Refusal{Why: outcome.RefusedByHandler})
	case no == nil:
		return b.open(t, done, w, r)
	case no.Why == outcome.RefusedBusy:
		return b.abandon(c, no)
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
func (b *Bridge) reject(t *turn, done *protocol.Done, no *door.Refusal) *door.Refusal {
	t.settle(done)
	t.client.markEnded(outcome.EndedRefused, 0, "")
	t.client.close(t)
	return no
}

// abandon ends a handshake that PHP was not asked about; close handlers run only if connect or read may have run.
func (b *Bridge) abandon(c *client, no *door.Refusal) *door.Refusal {
	if !c.markEnded(outcome.EndedRefused, 0, "") {
		return no
	}
	if c.readEvents {
		c.events.last(errand{kind: protocol.Closing})
	} else {
		c.leave()
	}
	return no
}

// authenticate asks the application; without a refusal the client may come in. What the handler has changed is still to be
// settled.
func (b *Bridge) authenticate(t *turn, r *http.Request) (*protocol.Done, *door.Refusal) {
	forbidden := &door.Refusal{Why: outcome.RefusedByHandler}
	if b.cfg().RequireCookie && len(r.Header["Cookie"]) == 0 || b.cfg().RequireUserAgent && len(r.Header["User-Agent"]) == 0 {
		return nil, forbidden
	}
	done, err := t.ask(protocol.Authenticate, nil)
	switch {
	case errors.Is(err, protocol.ErrUnavailable), errors.Is(err, protocol.ErrOverloaded), errors.Is(err, outcome.ErrQueueWait),
		errors.Is(err, outcome.ErrAway):
		return nil, b.busy(t.client, err)
	case err != nil:
		return nil, &door.Refusal{Why: outcome.RefusedFailed}
	case !done.True():
		return done, forbidden
	}
	return done, nil
}

// open answers 101 and runs the open event, in one turn.
func (b *Bridge) open(t *turn, done *protocol.Done, w http.ResponseWriter, r *http.Request) *door.Refusal {
	c := t.client
	if b.has(protocol.Open) {
		if err := t.begin(b.app.Load().plans[protocol.Open].alone); err != nil {
			return b.reject(t, done, b.busy(c, err))
		}
	}
	if t.settle(done); c.gone() {
		return &door.Refusal{Why: outcome.RefusedByHandler}
	}
	conn, g, err := b.upgrade(w, r, c.agreed)
	if err != nil {
		c.log.Info("handshake failed", keyError, err)
		c.markEnded(outcome.EndedByHangup, 0, "")
		c.close(t)
		return &door.Refusal{} // Upgrade has answered what could be answered
	}
	if !c.opened(conn, g) {
		conn.Close()
		return &door.Refusal{}
	}
	c.log.Info("client connected")
	b.spawn(c.read) // beside the open event: pings and a hang-up are seen, other events wait for it
	opened, err := t.ask(protocol.Open, nil)
	if t.settle(opened); err != nil {
		c.failed(err)
	}
	return nil
}

// upgrade has gorilla answer 101 with what was agreed to. The guard keeps the answer, see client.opened.
func (b *Bridge) upgrade(w http.ResponseWriter, r *http.Request, agreed agreement) (*websocket.Conn, *guard, error) {
	if agreed.deflate {
		r.Header.Set("Sec-WebSocket-Extensions", "permessage-deflate") // gorilla does not look at parameters
	}
	upgrader := websocket.Upgrader{
		HandshakeTimeout:  b.cfg().WriteTimeout,
		ReadBufferSize:    readBuffer,
		WriteBufferPool:   &b.buffers,
		CheckOrigin:       func(*http.Request) bool { return true }, // checkHandshake has
		EnableCompression: agreed.deflate,
	}
	header := http.Header{}
	if agreed.subprotocol != "" {
		header.Set("Sec-WebSocket-Protocol", agreed.subprotocol)
	}
	if b.cfg().ServerHeader != "" {
		header.Set("Server", b.cfg().ServerHeader)
	}
	g := &guard{limit: b.cfg().MaxMessage, deflate: agreed.deflate, messages: newLimiter(b.cfg().MessageRate, b.cfg().MessageBurst),
		empty: newLimiter(b.cfg().ControlRate, b.cfg().ControlBurst)}
	conn, err := upgrader.Upgrade(guardedWriter{w, g}, r, header)
	return conn, g, err
}
