package bridge

import (
	"context"
	"net"
	"net/http"
	"strings"

	"github.com/gorilla/websocket"

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
	leave, ok := b.enter()
	if !ok {
		b.refuse(w, &door.Refusal{Why: outcome.RefusedStopping})
		return
	}
	defer leave()
	if no := door.Of(connOf(r)).Receive(r); no != nil {
		b.refuseRequest(w, r, no)
		return
	}
	if !isHandshake(r) {
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
		c = b.newClient(r.RemoteAddr)
	}
	c.negotiated = negotiated
	if no := b.handshake(c, w, r); no != nil {
		logRefusal(c.log, no)
		b.refuse(w, no)
	}
}

func (b *Bridge) serveOther(w http.ResponseWriter, r *http.Request) {
	if b.mount != nil && (strings.HasPrefix(r.URL.Path, b.mountAt) || r.URL.Path+"/" == b.mountAt) {
		b.setDeadlines(w)
		b.mount.ServeHTTP(w, r)
		return
	}
	if b.cfg().Page != nil {
		b.setDeadlines(w)
		b.cfg().Page.ServeHTTP(w, r)
		return
	}
	b.refuse(w, &door.Refusal{Why: outcome.RefusedNoHandshake})
}

// isHandshake ignores the Upgrade header of a request in HTTP/1.0 (RFC 9110, section 7.8).
func isHandshake(r *http.Request) bool {
	return r.ProtoAtLeast(1, 1) && websocket.IsWebSocketUpgrade(r)
}

// negotiated is what client and server have agreed on in the handshake.
type negotiated struct {
	subprotocol string // empty: none
	deflate     bool   // permessage-deflate
}

// checkHandshake refuses a bad handshake before PHP is asked.
func (b *Bridge) checkHandshake(r *http.Request) (negotiated, *door.Refusal) {
	subprotocol, no := door.Of(connOf(r)).CheckHandshake(r)
	if no != nil {
		return negotiated{}, no
	}
	deflate, err := socket.OffersDeflate(r.Header)
	if err != nil { // RFC 6455, section 9.1
		return negotiated{}, &door.Refusal{Why: outcome.RefusedMalformed, Detail: "bad Sec-WebSocket-Extensions"}
	}
	return negotiated{subprotocol, b.cfg().Compression && deflate}, nil
}
