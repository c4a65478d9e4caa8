package bridge

import (
	"context"
	"net"
	"net/http"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/bridge/door"
	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/bridge/socket"
)

type connKey struct{}

// rememberConn lets requests know their connection.
func rememberConn(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

// connOf returns the connection that r was read from, with all of its layers.
func connOf(r *http.Request) net.Conn { return r.Context().Value(connKey{}).(net.Conn) }

// isHandshake ignores what a request in HTTP/1.0 would upgrade to (RFC 9110, section 7.8).
func isHandshake(r *http.Request) bool {
	return r.ProtoAtLeast(1, 1) && websocket.IsWebSocketUpgrade(r)
}

// agreement is what client and server agree to in a handshake.
type agreement struct {
	subprotocol string // empty: none
	deflate     bool   // permessage-deflate
}

// checkHandshake refuses a bad handshake before PHP hears of it.
func (b *Bridge) checkHandshake(r *http.Request) (agreement, *door.Refusal) {
	subprotocol, no := door.Of(connOf(r)).CheckHandshake(r)
	if no != nil {
		return agreement{}, no
	}
	deflate, err := socket.OffersDeflate(r.Header)
	if err != nil { // RFC 6455, section 9.1
		return agreement{}, &door.Refusal{Why: outcome.RefusedMalformed, Detail: "bad Sec-WebSocket-Extensions"}
	}
	return agreement{subprotocol, b.cfg().Compression && deflate}, nil
}
