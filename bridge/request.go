package bridge

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/wsbridge/wsbridge/bridge/door"
	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/bridge/socket"
)

type connKey struct{}

// withConn makes the connection of a request available to connOf.
func withConn(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

// connOf returns the connection from which r was read, with all of its layers.
func connOf(r *http.Request) net.Conn { return r.Context().Value(connKey{}).(net.Conn) }

// serveHTTP answers handshakes and all other requests.
func (b *Bridge) serveHTTP(w http.ResponseWriter, r *http.Request) {
	kind := page
	if isHandshake(r) {
		kind = newcomer
	}
	leave, err := b.entrance.enter(kind)
	switch {
	case errors.Is(err, ErrHandingOver):
		b.refuse(w, &door.Refusal{Why: outcome.RefusedMoving})
		return
	case err != nil:
		b.refuse(w, &door.Refusal{Why: outcome.RefusedStopping})
		return
	}
	defer leave()
	if no := door.Of(connOf(r)).Receive(r); no != nil {
		b.refuseRequest(w, r, no)
		return
	}
	if kind == page {
		b.serveOther(w, r)
		return
	}
	negotiated, no := b.checkHandshake(r)
	if no != nil {
		b.refuseRequest(w, r, no)
		return
	}
	c := clientOf(r)
	if c == nil {
		c = b.newClient(r.RemoteAddr, connOf(r).(socket.HalfCloser))
	}
	c.negotiated = negotiated
	if !c.early.Handshake() {
		b.finish(c, w, nil)
		return
	}
	taken, no := b.handshake(c, w, r)
	switch {
	case no == nil:
	case c.early.HasAnswered():
		b.finish(c, w, taken)
	case taken == nil:
		logRefusal(c.logger(), no)
		b.refuse(w, no)
	default:
		logRefusal(c.logger(), no)
		taken.Answer(b.cfg().WriteTimeout, func(w http.ResponseWriter) { b.refuse(w, no) })
	}
}

// finish ends the connection of a request that handlers have answered themselves.
func (b *Bridge) finish(c *client, w http.ResponseWriter, taken *socket.Conn) {
	var conn net.Conn
	if taken != nil {
		conn = taken.NetConn()
	} else if hijacked, _, err := http.NewResponseController(w).Hijack(); err == nil {
		conn = hijacked
	} else {
		c.logger().Info("handshake failed", keyError, err)
		return
	}
	defer conn.Close()
	defer context.AfterFunc(b.base, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })() // a drain has run out of time
	c.early.Finish()
}

func (b *Bridge) serveOther(w http.ResponseWriter, r *http.Request) {
	if b.mount != nil && (strings.HasPrefix(r.URL.Path, b.mountAt) || r.URL.Path+"/" == b.mountAt) {
		b.setDeadlines(w)
		b.mount.ServeHTTP(w, r)
		return
	}
	if r.Header.Get("Sec-WebSocket-Key") != "" {
		b.refuseWithoutUpgrade(w, r)
		return
	}
	if b.cfg().Page != nil {
		b.setDeadlines(w)
		b.cfg().Page.ServeHTTP(w, r)
		return
	}
	b.refuse(w, &door.Refusal{Why: outcome.RefusedNoHandshake})
}

// negotiated is what client and server have agreed on in the handshake.
type negotiated struct {
	subprotocol string // empty: none
	deflate     socket.Deflate
}

// checkHandshake refuses a bad handshake before PHP is asked.
func (b *Bridge) checkHandshake(r *http.Request) (negotiated, *door.Refusal) {
	subprotocol, no := door.Of(connOf(r)).CheckHandshake(r)
	if no != nil {
		return negotiated{}, no
	}
	deflate, err := socket.AgreeToDeflate(r.Header)
	if err != nil { // RFC 6455, section 9.1
		return negotiated{}, &door.Refusal{Why: outcome.RefusedMalformed, Detail: "bad Sec-WebSocket-Extensions"}
	}
	if !b.cfg().Compression {
		deflate = socket.NoDeflate
	}
	return negotiated{subprotocol, deflate}, nil
}
