package bridge

import (
	"net"
	"net/http"
	"strings"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/bridge/door"
	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// isHandshake ignores the Upgrade header of a request in HTTP/1.0 (RFC 9110, section 7.8).
func isHandshake(r *http.Request) bool {
	return r.ProtoAtLeast(1, 1) && websocket.IsWebSocketUpgrade(r)
}

// missingUpgrade says what keeps a request from being a handshake, which it was when its client sent it. Proxies pass on
// Sec-WebSocket-Key like any header, but drop Upgrade and Connection, which are for one hop (RFC 9110, section 7.6.1), and may
// speak HTTP/1.0.
func missingUpgrade(r *http.Request) string {
	var missing []string
	if !r.ProtoAtLeast(1, 1) {
		missing = append(missing, "HTTP/1.1")
	}
	if r.Header.Get("Upgrade") == "" {
		missing = append(missing, "Upgrade: websocket")
	}
	if !strings.Contains(strings.ToLower(r.Header.Get("Connection")), "upgrade") {
		missing = append(missing, "Connection: Upgrade")
	}
	return strings.Join(missing, ", ")
}

// refuseWithoutUpgrade logs the first such handshake of an interval: with a proxy that drops Upgrade, each one is refused.
func (b *Bridge) refuseWithoutUpgrade(w http.ResponseWriter, r *http.Request) {
	missing := missingUpgrade(r)
	if b.lostUpgrades.First(missing) {
		b.log.Warn("handshake without Upgrade: a proxy has dropped it, or the client is no WebSocket client", keyPeer, r.RemoteAddr,
			"connection_from", peerOf(r), keyMissing, missing, keyOrigin, r.Header.Get("Origin"), keyHost, r.Host,
			keyRefusal, outcome.RefusedNoUpgrade.String(), keyStatus, outcome.RefusedNoUpgrade.Status())
	}
	b.refuse(w, &door.Refusal{Why: outcome.RefusedNoUpgrade})
}

// peerOf returns the address at the other end of the connection, of a proxy or of the client itself.
func peerOf(r *http.Request) string {
	peer := door.Of(connOf(r)).Conn.RemoteAddr().String()
	if host, _, err := net.SplitHostPort(peer); err == nil {
		return host
	}
	return peer
}

func (b *Bridge) logLostUpgrades(missing string, more int) {
	b.log.Warn("more handshakes came without Upgrade", keyMissing, missing, "handshakes", more)
}
