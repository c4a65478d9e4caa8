package bridge

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
)

// secure makes l's connections TLS, if there is a configuration for that. The handshake comes with the first read, in the
// connection's own goroutine; net/http gives it HandshakeTimeout.
func (b *Bridge) secure(l net.Listener) net.Listener {
	if b.cfg.TLS == nil {
		return l
	}
	cfg := b.cfg.TLS.Clone()
	cfg.MinVersion = max(cfg.MinVersion, tls.VersionTLS12) // RFC 8996
	cfg.NextProtos = []string{"http/1.1"}                  // a connection of HTTP/2 cannot become a WebSocket of its own
	return tls.NewListener(l, cfg)
}

type tlsKey struct{}

// rememberTLS lets a request find the TLS of its connection where net/http does not see it: around a tap.
func rememberTLS(ctx context.Context, conn net.Conn) context.Context {
	if _, tapped := conn.(*tappedConn); !tapped {
		return ctx
	}
	for w, ok := conn.(wrapper); ok; w, ok = conn.(wrapper) {
		conn = w.NetConn()
		if t, ok := conn.(*tls.Conn); ok {
			return context.WithValue(ctx, tlsKey{}, t)
		}
	}
	return ctx
}

// showTLS makes r say what it would without a tap.
func showTLS(r *http.Request) {
	if t, ok := r.Context().Value(tlsKey{}).(*tls.Conn); ok {
		state := t.ConnectionState()
		r.TLS = &state
	}
}
